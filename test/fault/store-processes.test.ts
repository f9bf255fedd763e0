import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { lowdbDriver, readLock } from '../../src/store/lowdb-driver.ts'
import { type Compiled, compiled } from '../helpers/compiled.ts'
import { temporaryDirectory } from '../helpers/temporary-directory.ts'

let program: Compiled
beforeAll(async () => {
  program = await compiled('test/fakes/store-holder.ts')
})
afterAll(() => program.remove())

interface Holder {
  readonly child: ChildProcess
  readonly said: { readonly held?: number; readonly code?: string; readonly message?: string; readonly data?: unknown }
}

async function holder(directory: string): Promise<Holder> {
  const child = spawn(process.execPath, [program.path, directory], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, said: JSON.parse(String(line)) }
}

describe('several processes on one store', () => {
  it('lets one in, and tells the other who holds it', async () => {
    const directory = await temporaryDirectory()
    const first = await holder(directory)
    const second = await holder(directory)
    expect(first.said).toEqual({ held: first.child.pid })
    expect(second.said).toMatchObject({
      code: 'store_locked',
      message: expect.stringContaining(`process ${first.child.pid} (store holder) since 20`),
      data: { pid: first.child.pid },
    })
    expect(await readLock(directory)).toMatchObject({ pid: first.child.pid })
    first.child.stdin?.end()
    await once(first.child, 'exit')
    expect(await readLock(directory)).toBeUndefined()
  })

  it('lets exactly one of several take over from a killed one', async () => {
    const directory = await temporaryDirectory()
    const dead = await holder(directory)
    dead.child.kill('SIGKILL')
    await once(dead.child, 'exit')
    expect(await readLock(directory)).toBeUndefined()

    const heirs = await Promise.all(Array.from({ length: 4 }, () => holder(directory)))
    const [winner, ...others] = heirs.filter((heir) => heir.said.held !== undefined)
    expect(others).toEqual([])
    for (const heir of heirs.filter((one) => one !== winner)) expect(heir.said.code).toBe('store_locked')
    winner?.child.kill('SIGKILL')
    if (winner) await once(winner.child, 'exit')

    const driver = await lowdbDriver({ directory, clock: Date.now, owner: 'test' })
    const ids = (await driver.list('holders')).map((row) => Number(row.id))
    expect(new Set(ids)).toEqual(new Set([dead.child.pid, winner?.child.pid]))
    await driver.close()
  })
})
