import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENT } from '../fakes/oidc-server.ts'
import { type MailService, mailService } from '../fakes/mail-service.ts'
import { type FakeVendor, fakeVendor } from '../helpers/fake-vendor.ts'
import type { Answer } from '../helpers/front-door.ts'
import { type OAuthHouse, oauthHouse, PATIENCE } from '../helpers/oauth-house.ts'
import { testShell } from '../helpers/test-shell.ts'

/**
 * Credentials of every kind are planted and used in every way there is; then everything that was answered, logged, printed,
 * audited and stored is searched for them, in the clear and in the other clothes that they might wear.
 */
const PLANTED = {
  token: 'planted-bearer-4f9a1c7e2b8d6350',
  header: 'planted-header-9d3e5b7a1f2c4860',
  query: 'planted-query-key-7c1f3a5e9b2d8046',
  cookie: 'planted-cookie-2e8b4d6f1a3c5790',
  path: 'planted-path-key-3b5d7f9a1c2e4086',
  id: 'planted-client-id-0c2e4a6b8d1f3579',
  second: 'planted-second-header-9f1b3d5c7a2e4068',
  aws: 'planted+aws/secret4f6a8c0e2b1d357900000000',
  password: 'planted-password-6a2c8e4f0b1d3597',
  wrong: 'planted-and-refused-8b3d1f5a7c9e2604',
  rotated: 'planted-by-rotation-5e7a9c1b3d2f8046',
  mcp: 'planted-mcp-bearer-1d3f5b7e9a2c4068',
} as const

let vendor: FakeVendor
let mail: MailService
let house: OAuthHouse
let agent: string
const said: string[] = []
const keep = (answer: Answer): Answer => {
  said.push(answer.text, JSON.stringify([...answer.headers]))
  return answer
}

beforeAll(async () => {
  process.env['MAIL_CLIENT_SECRET'] = CLIENT.secret
  vendor = await fakeVendor((request, response) => {
    const all = JSON.stringify([request.target, request.headers])
    const isKnown = Object.values(PLANTED).some(
      (secret) => secret !== PLANTED.wrong && (all.includes(secret) || all.includes(basic(secret))),
    )
    // A service that says back what it was sent must not be a way out.
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify({ echoed: all }))
  })
  house = await oauthHouse(async (redirectUri) => {
    mail = await mailService(redirectUri)
    const connection = { provider: 'gmail', auth: { method: 'oauth' }, baseUrl: mail.url, allowPrivateNetwork: true }
    return { connections: { mail: connection }, oauthClients: { gmail: mail.client } }
  })
  agent = await house.agent('sidekick')
})
afterAll(async () => {
  await house?.close()
  await mail?.close()
  await vendor?.[Symbol.asyncDispose]()
})

const basic = (password: string): string => Buffer.from(`ann:${password}`).toString('base64')
const ask = async (method: string, path: string, body?: object): Promise<Answer> =>
  keep(await house.ask(method, path, body ? { body } : {}))

const draft = (id: string, method: string, fields: object, more: object = {}): object => ({
  id,
  provider: 'http',
  method,
  baseUrl: vendor.url,
  allowPrivateNetwork: true,
  fields,
  untested: true,
  ...more,
})

/** In the clear, in base64 of either alphabet at each of its three offsets, and as URLs and hexadecimal write it. */
function clothesOf(secret: string): readonly string[] {
  const shifted = [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
    return (['base64', 'base64url'] as const).map((encoding) => bytes.toString(encoding).slice(offset * 2, -4))
  })
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('hex'), ...shifted]
}

/** Files are replaced while we read: what has gone in between is read anew, with all others. */
async function bytesUnder(directory: string): Promise<string> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  const texts = await Promise.all(files.map((file) => readFile(file, 'latin1').catch(unlessGone)))
  return texts.includes(undefined) ? bytesUnder(directory) : texts.join('\n')
}

function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

describe('credentials of every kind', () => {
  it('are stored, used, refused, rotated, exported, revoked and deleted', async () => {
    const made = [
      draft('by-token', 'token', { token: PLANTED.token }),
      draft('by-header', 'header', { header: 'x-api-key', key: PLANTED.header }),
      draft('by-query', 'query', { parameter: 'api_key', key: PLANTED.query }),
      draft('by-cookie', 'cookie', { cookie: 'session', key: PLANTED.cookie }),
      draft('by-path', 'path', { key: PLANTED.path }, { settings: {} }),
      draft('by-headers', 'headers', {
        idHeader: 'x-id',
        idValue: PLANTED.id,
        keyHeader: 'x-key',
        keyValue: PLANTED.second,
      }),
      draft('by-aws', 'aws', { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: PLANTED.aws }),
      draft('by-basic', 'basic', { username: 'ann', password: PLANTED.password }),
    ]
    for (const body of made) expect((await ask('POST', '/api/connections', body)).text).toContain('"id":"by-')
    const refused = await ask('POST', '/api/connections', {
      ...draft('refused', 'token', { token: PLANTED.wrong }),
      untested: false,
    })
    expect(refused.status === 201 || refused.body['code'] !== undefined).toBe(true)
    await ask('POST', '/api/connections/test', {
      ...draft('x', 'token', { token: PLANTED.wrong }),
      id: undefined,
      untested: undefined,
    })
    await ask('POST', '/api/connections', draft('by-token', 'token', { token: PLANTED.wrong }))
    await ask('POST', '/api/connections', draft('odd', 'token', { [PLANTED.wrong]: 'x', token: `${PLANTED.wrong}\n` }))
    await ask('POST', '/api/connections', {
      id: 'by-mcp',
      provider: 'mcp',
      method: 'bearer',
      server: { url: `${vendor.url}/mcp` },
      allowPrivateNetwork: true,
      fields: { token: PLANTED.mcp },
      untested: true,
    })
    await ask('POST', '/api/connections/mcp/discover', {
      url: `${vendor.url}/mcp`,
      allowPrivateNetwork: true,
      auth: { method: 'bearer', fields: { token: PLANTED.mcp } },
    })
    for (const id of [
      'by-token',
      'by-header',
      'by-query',
      'by-cookie',
      'by-basic',
      'by-path',
      'by-headers',
      'by-aws',
      'by-mcp',
    ]) {
      await ask('GET', `/api/connections/${id}`)
      await ask('POST', `/api/connections/${id}/test`)
      keep(await house.call(agent, `conn:${id}:get_resource`, { path: '/things' }))
      keep(await house.call(agent, `conn:${id}:get_resource`, { path: '/things', nonsense: 1 }))
    }
    await ask('POST', '/api/connections/by-token/rotate', { fields: { token: PLANTED.rotated } })
    await ask('POST', '/api/connections/by-header/revoke', {})
    await ask('DELETE', '/api/connections/by-query')
    await ask('POST', '/api/connections/by-query/restore')
    expect(vendor.requests.length).toBeGreaterThan(5)
  })

  it('are had by signing in, refreshed, and ended', async () => {
    const begun = await ask('GET', '/api/oauth/gmail/authorize')
    const admin = await house.browser(await house.person('root', ['admin']))
    const page = await admin.agree(await admin.submit(await admin.open(String(begun.body['link']))), {
      login: 'ann',
      password: 'any',
    })
    said.push(page.text)
    expect(page.text).toContain('Connected')
    await expect
      .poll(async () => keep(await house.call(agent, 'conn:mail:get_profile')).text, PATIENCE)
      .toContain('ann@mail.example')
    await mail.revoke()
    keep(await house.call(agent, 'conn:mail:get_profile'))
    await ask('POST', '/api/connections/mail/test')
  })

  it('are looked at by every command and listed by every address', async () => {
    const shell = testShell({
      compose: () => Promise.reject(new Error('The house runs.')),
      holder: () => ({ pid: process.pid, since: 0, owner: 'test', url: house.origin, token: house.house().adminToken }),
      fetch,
      env: { GATEHOUSE_CONFIG: house.configPath, FRESH: PLANTED.rotated },
    })
    for (const words of [
      ['connections', 'list'],
      ['connections', 'list', '--json'],
      ['connections', 'show', 'by-token'],
      ['connections', 'show', 'by-basic', '--json'],
      ['connections', 'test', 'by-token'],
      ['connections', 'rotate', 'by-token', '--field', 'token=env:FRESH'],
      ['connections', 'expiring', '--days', '30'],
      ['connections', 'disable', 'by-cookie'],
      ['connections', 'enable', 'by-cookie'],
      ['connections', 'delete', 'by-basic'],
      [
        'connect',
        'http',
        '--name',
        'again',
        '--method',
        'token',
        '--base-url',
        vendor.url,
        '--allow-private-network',
        '--untested',
        '--field',
        'token=env:FRESH',
      ],
      ['vault', 'status'],
      ['status', '--json'],
    ]) {
      const code = await shell.run(...words)
      expect([words.join(' '), code === 0 || code === 1, shell.err()]).toEqual([words.join(' '), true, shell.err()])
    }
    said.push(shell.out(), shell.err())
    for (const path of [
      '/connections',
      '/audit?limit=1000',
      '/status',
      '/tools',
      '/providers',
      '/vault',
      '/openapi.json',
    ]) {
      await ask('GET', `/api${path}`)
    }
  })

  it('are nowhere in the clear: not in an answer, a log line, the audit log, or a byte that was stored', async () => {
    const stored = await bytesUnder(house.directory)
    const everything = [...said, ...house.logged, stored].join('\n')
    expect(stored.length).toBeGreaterThan(10_000)
    expect(house.logged.length).toBeGreaterThan(0)
    const tokens = mail.issued.flatMap(({ access, refresh }) => [access, refresh])
    expect(tokens.length).toBeGreaterThan(1)
    const secrets = [...Object.values(PLANTED), CLIENT.secret, ...tokens]
    const found = secrets.filter((secret) => clothesOf(secret).some((form) => everything.includes(form)))
    expect(found).toEqual([])
  })

  it('would be found if they were there', () => {
    const around = (text: string): boolean => clothesOf(PLANTED.token).some((form) => text.includes(form))
    const forms = [
      PLANTED.token,
      Buffer.from(`user:${PLANTED.token}`).toString('base64'),
      Buffer.from(`{"a":"${PLANTED.token}"}`).toString('base64url'),
      encodeURIComponent(`x=${PLANTED.token}`),
      Buffer.from(PLANTED.token).toString('hex'),
    ]
    expect(forms.map((form) => around(`before ${form} after`))).toEqual(forms.map(() => true))
  })
})
