import { describe, expect, it } from 'vitest'
import { isMcpConnection } from '../../../src/config/connection-schema.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'

const parse = (document: object, env: Readonly<Record<string, string>> = {}) =>
  parseConfig(JSON.stringify({ organisation: 'acme', ...document }), {
    path: '/etc/gatehouse/gateway.config.json',
    env,
    readFile: () => Promise.reject(new Error('no such file')),
  })

describe('what a configuration says of credentials', () => {
  it('names our OAuth clients, with secrets from elsewhere', async () => {
    const { oauthClients } = await parse(
      { oauthClients: { github: { clientId: 'Iv1', clientSecret: { env: 'GITHUB_SECRET' } } } },
      { GITHUB_SECRET: 'hush' },
    )
    expect(oauthClients['github']?.clientSecret?.reveal()).toBe('hush')
    expect(JSON.stringify(oauthClients)).not.toContain('hush')
  })

  it('refuses a client secret that stands in the file', async () => {
    const document = { oauthClients: { github: { clientId: 'Iv1', clientSecret: 'hush' } } }
    await expect(parse(document)).rejects.toThrow('a credential must not stand in the file')
  })

  it('says whose a connection is, whose credential it uses, and how it signs in without a field', async () => {
    const { connections } = await parse({
      connections: {
        mail: { provider: 'gmail', auth: { method: 'oauth' }, credential: 'per_user' },
        notes: { mcp: { url: 'https://notes.example.com/mcp' }, auth: { method: 'oauth' }, owner: 'ann' },
      },
    })
    expect(connections['mail']).toMatchObject({ auth: { method: 'oauth', fields: {} }, credential: 'per_user' })
    const { notes } = connections
    expect(notes && isMcpConnection(notes) && [notes.owner, notes.auth?.method]).toEqual(['ann', 'oauth'])
  })
})
