import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CONFIG, installation, serving } from '../helpers/cli.ts'

const OWN = { id: 'own', effect: 'deny', tools: { names: ['wipe'] } }

it(
  'keeps the managed policy through kill -9, and is put right by a command while it cannot start',
  { timeout: 120_000 },
  async () => {
    const place = await installation()
    const file = join(place.directory, 'managed.json')
    await writeFile(file, JSON.stringify({ rules: [OWN] }, undefined, 2))
    const gateway = await serving(place)
    const planned = await place.run('policy', 'plan', file)
    expect([planned.code, planned.err]).toEqual([0, ''])
    expect(planned.out).toContain('loses')
    const applied = await place.run('policy', 'apply', file, '--message', 'Nobody wipes')
    expect([applied.code, applied.err]).toEqual([0, ''])
    expect(applied.out).toContain('Version 1 of the managed policy is in force.')
    gateway.kill('SIGKILL')
    await gateway.ended

    const shown = await place.run('policy', 'show')
    expect(JSON.parse(shown.out)).toEqual({ rules: [OWN] })
    await place.configure({ policy: { rules: [...CONFIG.policy.rules, OWN] } })
    const refused = await place.run('serve', '--json')
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('Version 1 of the managed policy cannot be used with this configuration.')
    expect(refused.err).toContain('gatehouse policy rollback 0')
    const explained = await place.run('policy', 'explain', '--agent', 'sidekick', '--tool', 'conn:tools:echo')
    expect(explained.err).toContain('everything is denied')
    expect(explained.out).toContain('deny')
    const back = await place.run('policy', 'rollback', '0')
    expect([back.code, back.err.includes('everything is denied')]).toEqual([0, true])
    expect(back.out).toContain('Version 2 of the managed policy is in force.')
    await serving(place)
    expect((await place.run('policy', 'effective')).out).toMatch(/^own +declared +deny/m)
  },
)
