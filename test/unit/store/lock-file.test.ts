import { readdir, readFile, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type HeldLock, takeLock } from '../../../src/store/lock-file.ts'
import { processStart } from '../../../src/store/process-start.ts'
import { temporaryDirectory } from '../../helpers/temporary-directory.ts'

/** No process has this pid: it is over the highest that Linux gives (4,194,304). */
const NOBODY = 2 ** 30
const take = (path: string): Promise<HeldLock> => takeLock(path, { clock: () => 0, owner: 'test' })

async function lockOf(holder: object): Promise<string> {
  const path = join(await temporaryDirectory(), 'x.lock')
  const whole = { pid: NOBODY, host: hostname(), nonce: '0123456789abcdef', since: 0, owner: 'earlier', ...holder }
  await writeFile(path, JSON.stringify(whole))
  return path
}

describe('a lock file', () => {
  it('is taken over from a process that is dead', async () => {
    const path = await lockOf({ pid: NOBODY })
    const lock = await take(path)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid })
    await lock.release()
    expect(await readdir(join(path, '..'))).toEqual([])
  })

  it.runIf(process.platform === 'linux')('is taken over when the pid belongs to someone else by now', async () => {
    const path = await lockOf({ pid: process.pid, start: 'another-boot:1' })
    await (await take(path)).release()
  })

  it('is not taken from a process that runs', async () => {
    const path = await lockOf({ pid: process.pid, start: await processStart(process.pid) })
    await expect(take(path)).rejects.toMatchObject({ code: 'store_locked', data: { pid: process.pid, since: 0 } })
  })

  it('is not taken from another host, whose processes nobody here can see', async () => {
    const path = await lockOf({ host: 'elsewhere' })
    await expect(take(path)).rejects.toThrow(
      `on host elsewhere (earlier) since 1970-01-01T00:00:00.000Z. Stop that process or use another directory; if that host is gone for good, delete ${path}.`,
    )
  })

  it('goes to exactly one of many that find the same dead holder', async () => {
    for (let round = 0; round < 20; round++) {
      const path = await lockOf({ pid: NOBODY })
      // Staggered, so that some judge the dead holder while another replaces it.
      const staggered = Array.from({ length: 16 }, async (_, n) => {
        for (let turn = 0; turn < n; turn++) await setImmediate()
        return take(path)
      })
      const takers = await Promise.allSettled(staggered)
      const winners = takers.filter((taker) => taker.status === 'fulfilled')
      expect(winners).toHaveLength(1)
      for (const taker of takers.filter((one) => one.status === 'rejected')) {
        expect(taker.reason).toMatchObject({ code: 'store_locked' })
      }
      await winners[0]?.value.release()
      expect(await readdir(join(path, '..'))).toEqual([])
    }
  })

  it('survives a process that died while it took over', async () => {
    const path = await lockOf({ pid: NOBODY })
    const claim = { pid: NOBODY, host: hostname(), nonce: 'fedcba9876543210', since: 0, owner: 'died taking over' }
    await writeFile(`${path}.0123456789abcdef`, JSON.stringify(claim))
    await writeFile(`${path}.${NOBODY}.00.tmp`, 'half')
    const lock = await take(path)
    expect(await readdir(join(path, '..'))).toEqual(['x.lock'])
    await lock.release()
  })

  it.each(['', '{}', '{"pid":-1}', '[]'])('is never taken as free when it cannot be read: %j', async (text) => {
    const path = join(await temporaryDirectory(), 'x.lock')
    await writeFile(path, text)
    await expect(take(path)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(`${path} cannot be read`),
    })
  })

  it('does not remove the lock of a successor', async () => {
    const path = join(await temporaryDirectory(), 'x.lock')
    const lock = await take(path)
    const successor = JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), nonce: '1111111111111111' })
    await writeFile(path, successor)
    await expect(lock.check()).rejects.toMatchObject({ code: 'store_unavailable' })
    await lock.release()
    expect(await readFile(path, 'utf8')).toBe(successor)
  })
})
