import { describe, expect, it } from 'vitest'
import { adminWorld } from '../../helpers/admin-world.ts'
import { testShell } from '../../helpers/test-shell.ts'

/** One world, and a shell for each command line. */
async function people() {
  const world = await adminWorld()
  return async (...argv: string[]) => {
    const shell = testShell({ world })
    const code = await shell.run(...argv)
    return { code, out: shell.out(), err: shell.err() }
  }
}

describe('gatehouse people', () => {
  it('adds a person and prints the key, which alone goes to stdout', async () => {
    const run = await people()
    const added = await run('people', 'add', 'ann@acme.example', '--roles', 'approver', 'auditor', '--groups', 'ops')
    expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/^ghp_\w{12}_\w{43}\n$/) })
    expect(added.err).toContain('Added "ann@acme.example" (approver, auditor)')
    expect((await run('people', 'list')).out).toMatch(/ann@acme\.example +managed +approver, auditor +ops +\w{12}\n/)
    expect((await run('people', 'add', 'ann@acme.example')).code).toBe(1)
  })

  it('makes a viewer when no role is said, and refuses a role that there is not', async () => {
    const run = await people()
    expect((await run('people', 'add', 'vic')).err).toContain('(viewer)')
    expect(await run('people', 'add', 'max', '--roles', 'root')).toMatchObject({ code: 2 })
  })

  it('lists, gives, rotates and revokes keys', async () => {
    const run = await people()
    await run('people', 'add', 'ann')
    const second = (await run('people', 'keys', 'ann', '--add', '--expires', '90d')).out.trim()
    expect((await run('people', 'keys', 'ann')).out.trim().split('\n')).toHaveLength(3)
    const id = second.split('_')[1] ?? ''
    const third = await run('people', 'keys', 'ann', '--rotate', id, '--overlap', 'none', '--json')
    expect(JSON.parse(third.out)).toMatchObject({ key: expect.stringMatching(/^ghp_/), person: { id: 'ann' } })
    expect((await run('people', 'keys', 'ann')).out).not.toContain(id)
    expect((await run('people', 'revoke', 'ann', '--key', id)).code).toBe(1)
    expect((await run('people', 'revoke', 'ann')).out).toBe('Removed "ann" and revoked their keys (2).\n')
    expect((await run('people', 'list')).out).toContain('No people.')
  })
})

describe('gatehouse people roles', () => {
  it('adds, removes and sets roles, keeps everything else, and says what was before', async () => {
    const run = await people()
    await run('people', 'add', 'ann', '--title', 'Ann', '--groups', 'ops', '--email', 'ann@acme.example')
    const roles = (...argv: string[]) => run('people', 'roles', 'ann', ...argv)
    expect(await roles('--add', 'auditor', 'approver', '--remove', 'viewer')).toMatchObject({
      code: 0,
      out: '"ann" has the roles approver, auditor now, and had the role viewer.\n',
    })
    expect((await roles('--add', 'auditor')).out).toContain('has the roles approver, auditor now')
    expect((await roles('--set', 'viewer')).out).toContain('has the role viewer now')
    const { out } = await roles('--set', 'none', '--json')
    const { keys, ...person } = JSON.parse(out) as { keys: unknown[] }
    expect(keys).toHaveLength(1)
    expect(person).toEqual({
      id: 'ann',
      title: 'Ann',
      groups: ['ops'],
      email: 'ann@acme.example',
      roles: [],
      enabled: true,
      origin: 'managed',
    })
    expect((await roles('--add', 'viewer')).out).toContain('and had no role.')
  })

  it('refuses what says nothing, two things at once, or no role that there is', async () => {
    const run = await people()
    await run('people', 'add', 'ann')
    const roles = (...argv: string[]) => run('people', 'roles', 'ann', ...argv)
    for (const argv of [
      [],
      ['--add', 'root'],
      ['--add', 'admin', '--remove', 'admin'],
      ['--set', 'viewer', '--add', 'admin'],
      ['--set', 'none', 'viewer'],
    ])
      expect(await roles(...argv), argv.join(' ')).toMatchObject({ code: 2, out: '' })
    expect(await run('people', 'roles', 'bob', '--add', 'viewer')).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no person "bob"'),
    })
    expect((await run('people', 'list')).out).toMatch(/ann +managed +viewer/)
  })

  it('sends whom the configuration declares there', async () => {
    const max = { id: 'max', roles: ['viewer'], groups: [], enabled: true, origin: 'declared' } as const
    const world = await adminWorld({ people: new Map([['max', max]]) })
    const shell = testShell({ world })
    expect(await shell.run('people', 'roles', 'max', '--set', 'admin')).not.toBe(0)
    expect(shell.err()).toContain('"max" is declared in the configuration. Change their roles there.')
  })
})

describe('gatehouse agent', () => {
  it('rotates a key, and disables and enables an agent', async () => {
    const run = await people()
    const id = (await run('agent', 'add', 'ci')).out.split('_')[1] ?? ''
    expect((await run('agent', 'rotate', id, '--overlap', '1d')).out).toMatch(/^gh_/)
    expect((await run('agent', 'disable', 'ci')).out).toBe('The agent "ci" is refused from now on.\n')
    expect((await run('agent', 'list')).out).toContain('managed, disabled')
    expect((await run('agent', 'enable', 'ci')).out).toBe('The agent "ci" is let in from now on.\n')
  })
})
