import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/kernel/secret.ts'
import { parse, problemsOf, withMembers } from './parse.ts'

const provider = (auth: object) => withMembers({ connections: { hub: { provider: 'forge', auth } } })
const server = (mcp: object) => withMembers({ connections: { local: { mcp: { command: 'node', ...mcp } } } })
const remote = (headers: object) =>
  withMembers({ connections: { far: { mcp: { url: 'https://far.example', headers } } } })

describe('secrets', () => {
  it('come from the environment, from files and from texts with references', async () => {
    const text = provider({
      method: 'token',
      one: { env: 'ONE' },
      two: { file: 'secrets/two' },
      three: { file: '/run/three' },
      four: 'Bearer ${env:ONE}',
    })
    const files = { '/house/secrets/two': 'second\n', '/run/three': 'third\r\n' }
    const config = await parse(text, { env: { ONE: 'first' }, files })
    const { auth } = config.connections['hub'] as { auth: { method: string; fields: Record<string, Secret> } }
    expect(auth.method).toBe('token')
    expect(Object.entries(auth.fields).map(([name, secret]) => [name, secret.reveal()])).toEqual([
      ['one', 'first'],
      ['two', 'second'],
      ['three', 'third'],
      ['four', 'Bearer first'],
    ])
    expect(JSON.stringify(config) + inspect(config, { depth: 9 })).not.toMatch(/first|second|third/)
  })

  it('may not stand in the file', async () => {
    const refusal = 'a credential must not stand in the file. Write { "env": '
    expect(await problemsOf(provider({ method: 'token', token: 'tok-literal' }))).toEqual([
      expect.stringContaining(`/connections/hub/auth/token  ${refusal}"TOKEN" }`),
    ])
    expect(await problemsOf(remote({ Authorization: 'Bearer tok-literal' }))).toEqual([
      expect.stringContaining(refusal),
    ])
    expect(await problemsOf(server({ env: { HUB_TOKEN: 'tok-literal' } }))).toEqual([expect.stringContaining(refusal)])
    const harmless = await parse(server({ env: { MODE: 'quiet' } }))
    expect(harmless.connections['local']).toMatchObject({ mcp: { env: { MODE: expect.any(Secret) } } })
  })

  it.each([
    [{ env: 'NOPE' }, 'the environment variable NOPE is not set, or empty'],
    [{ env: 'EMPTY' }, 'the environment variable EMPTY is not set, or empty'],
    [{ file: 'nope' }, 'the file "nope" cannot be read (ENOENT)'],
    [{ file: 'empty' }, 'the file "empty" is empty'],
    [{ file: 'long' }, 'the file "long" is too long for a secret'],
    ['${env:NOPE}', 'the environment variable NOPE is not set, or empty'],
    [{ evn: 'ONE' }, 'Write { "env": "NAME" }, { "file": "path" } or "${env:NAME}".'],
    [{ env: 'ONE', file: 'x' }, 'Write { "env": "NAME" }'],
    [{ env: 1 }, 'Write { "env": "NAME" }'],
    [7, 'Write { "env": "NAME" }'],
    [null, 'Write { "env": "NAME" }'],
  ])('cannot be %j', async (token, problem) => {
    const files = { '/house/empty': '\n', '/house/long': 'x'.repeat(65_537) }
    const problems = await problemsOf(provider({ method: 'token', token }), { env: { ONE: '1', EMPTY: '' }, files })
    expect(problems).toEqual([expect.stringContaining(`/connections/hub/auth/token  ${problem}`)])
  })

  it('cannot smuggle a line break into a header, or a NUL into an environment', async () => {
    const env = { BAD: 'a\r\nX-Admin: 1', NUL: 'a\0b' }
    const problem = expect.stringContaining('has a character that cannot be sent here')
    expect(await problemsOf(remote({ 'X-Key': { env: 'BAD' } }), { env })).toEqual([problem])
    expect(await problemsOf(server({ env: { X: { env: 'NUL' } } }), { env })).toEqual([problem])
    expect(await problemsOf(remote({ 'X\r\nY': 'a' }))).toEqual([
      expect.stringContaining('/X\\u{d}\\u{a}Y  Not a name of a header'),
    ])
  })

  it('never show in what is said about them', async () => {
    const env = { CANARY: 'canary-7f3a' }
    const text = withMembers({
      log: { level: '${env:CANARY}' },
      server: { port: '${env:CANARY}', publicUrl: '${env:CANARY}' },
      connections: {
        a: { mcp: { url: '${env:CANARY}' } },
        b: { provider: 'x', auth: { method: 'm', t: { env: 'CANARY' } }, oops: 1 },
      },
      identity: { loopbackAgent: '${env:CANARY}' },
    })
    const problems = await problemsOf(text, { env })
    expect(problems.length).toBeGreaterThan(4)
    expect(problems.join('\n')).not.toContain('canary')
  })

  it('keep a child variable called "env" apart from a reference', async () => {
    const config = await parse(server({ env: { env: 'production' } }))
    const { mcp } = config.connections['local'] as { mcp: { env: Record<string, Secret> } }
    expect(mcp.env['env']?.reveal()).toBe('production')
  })
})

describe('references in texts', () => {
  const title = (text: string) => withMembers({ agents: { a: { title: text } } })
  const filled = async (text: string, env = {}) => (await parse(title(text), { env })).agents['a']?.title

  it.each([
    ['${env:NAME} and ${env:NAME}', 'Ann and Ann'],
    ['${env:GONE:-nobody}', 'nobody'],
    ['${env:EMPTY:-nobody}', 'nobody'],
    ['x${env:GONE:-}', 'x'],
    ['${env:GONE:-a:-b}', 'a:-b'],
    ['$${env:NAME}', '${env:NAME}'],
    ['$5 and {braces} and $NAME', '$5 and {braces} and $NAME'],
    ['in ${configDir}', 'in /house'],
    ['${env:NESTED}', '${env:NAME}'],
  ])('fills in %j', async (text, expected) => {
    expect(await filled(text, { NAME: 'Ann', EMPTY: '', NESTED: '${env:NAME}' })).toBe(expected)
  })

  it.each([
    ['${NAME}', '"${NAME}" is not known; did you mean "${env:NAME}"?'],
    ['${file:/run/x}', '"${file:/run/x}" is not known. Allowed are ${env:NAME}, ${env:NAME:-default} and ${configDir}'],
    ['${env:}', '"${env:}" is not known. Allowed are'],
    ['${env:NOT-A-NAME}', '"${env:NOT-A-NAME}" is not known. Allowed are'],
    ['${}', '"${}" is not known. Allowed are'],
    ['${env:NAME', '"${" has no closing "}". Allowed are'],
    ['${env:GONE}', 'the environment variable GONE is not set, or empty'],
  ])('refuses %j and says what is allowed', async (text, problem) => {
    expect(await problemsOf(title(text), { env: { NAME: 'Ann' } })).toEqual([
      expect.stringContaining(`/agents/a/title  ${problem}`),
    ])
  })

  it('do not stand as objects where no secret belongs', async () => {
    expect(await problemsOf(withMembers({ agents: { a: { title: { env: 'NAME' } } } }))).toEqual([
      expect.stringContaining(
        '/agents/a/title  must be a text. References such as { "env": … } stand only in auth fields',
      ),
    ])
  })
})
