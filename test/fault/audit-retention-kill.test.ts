import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUDIT_KEY, auditRoom, type AuditRoom } from '../helpers/audit.ts'
import { type Compiled, compiled } from '../helpers/compiled.ts'

let retainer: Compiled
beforeAll(async () => {
  retainer = await compiled('test/fakes/audit-retainer.ts')
})
afterAll(() => retainer.remove())

/** Runs the removal until it stands before this step, kills it there, and gives what it did; all of it without a step. */
async function runUntil(directory: string, stopAt = 0): Promise<readonly string[]> {
  const child = spawn(process.execPath, [retainer.path, directory, AUDIT_KEY.toString('hex'), String(stopAt)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (line.startsWith(`${stopAt} `)) child.kill('SIGKILL')
  }
  await ended
  return said
}

async function largeLog(): Promise<AuditRoom> {
  const room = await auditRoom()
  for (let n = 1; n <= 12; n += 2) await room.write([n, n + 1], { maxBytes: 500 })
  return room
}

describe('a process that is killed while it removes old segments', () => {
  it('leaves at every step a log that can be verified, opened and retained again', { timeout: 120_000 }, async () => {
    const steps = (await runUntil((await largeLog()).directory)).length - 1
    expect(steps).toBeGreaterThan(15)
    const unfinished = new Set<unknown>()
    for (let at = 1; at <= steps; at++) {
      const room = await largeLog()
      const before = await room.records()
      const said = await runUntil(room.directory, at)
      if (said.includes('closed')) continue
      const where = said.at(-1) ?? ''
      const verdict = await room.verify()
      expect(verdict, where).toMatchObject({ ok: true })
      const left = await room.records()
      const common = left.filter(({ seq }) => seq <= (before.at(-1)?.seq ?? 0))
      expect(common, where).toEqual(before.slice(-common.length))
      await room.write([99], { maxBytes: 500 })
      expect(await room.verify(), where).toMatchObject({ ok: true })
      for (const { type, detail } of await room.records())
        if (type === 'audit.recovered') unfinished.add(detail?.['reason'])
    }
    expect([...unfinished]).toContain('removal_finished')
  })
})
