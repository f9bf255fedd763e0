import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENT } from '../fakes/oidc-server.ts'
import { type MailService, mailService } from '../fakes/mail-service.ts'
import { type FakeVendor, fakeVendor } from '../helpers/fake-vendor.ts'
import { type OAuthHouse, oauthHouse, PATIENCE } from '../helpers/oauth-house.ts'
import { type TestShell, testShell } from '../helpers/test-shell.ts'

const TOKEN = 'a-good-token-0123456789'

let vendor: FakeVendor
let mail: MailService
let house: OAuthHouse
beforeAll(async () => {
  process.env['MAIL_CLIENT_SECRET'] = CLIENT.secret
  vendor = await fakeVendor(({ headers }, response) => {
    const isGood = headers.authorization === `Bearer ${TOKEN}`
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' }).end('{"login":"ann"}')
  })
  house = await oauthHouse(async (redirectUri) => {
    mail = await mailService(redirectUri)
    return { connections: {}, oauthClients: { gmail: mail.client } }
  })
})
afterAll(async () => {
  await house?.close()
  await mail?.close()
  await vendor?.[Symbol.asyncDispose]()
})

/** The command line beside the gateway that runs. */
const shell = (env: Record<string, string> = {}): TestShell =>
  testShell({
    compose: () => Promise.reject(new Error('The house runs.')),
    holder: () => ({ pid: process.pid, since: 0, owner: 'test', url: house.origin, token: house.house().adminToken }),
    fetch,
    env: { GATEHOUSE_CONFIG: house.configPath, ...env },
  })

const run = async (words: readonly string[], env?: Record<string, string>) => {
  const at = shell(env)
  const code = await at.run(...words)
  return { code, out: at.out(), err: at.err() }
}

const own = (): readonly string[] => ['--base-url', vendor.url, '--allow-private-network']

describe('gatehouse connect', () => {
  it('prints a link, waits until somebody has signed in, and says as whom', async () => {
    const at = shell()
    const words = ['connect', 'gmail', '--base-url', mail.url, '--allow-private-network']
    const ended = at.run(...words)
    await expect.poll(at.err, PATIENCE).toContain('/connect/')
    const [link = ''] = /http:\S+/.exec(at.err()) ?? []
    const admin = await house.browser(await house.person('root', ['admin']))
    const page = await admin.agree(await admin.submit(await admin.open(link)), { login: 'ann', password: 'any' })
    expect(page.text).toContain('Connected')
    expect([await ended, at.out()]).toEqual([0, expect.stringMatching(/^gmail is connected as ann@mail\.example/)])
  })

  it('takes a credential from a variable or a file, tries it first, and shows that it is set', async () => {
    const file = join(house.directory, 'token.txt')
    await writeFile(file, `${TOKEN}\n`)
    const byFile = await run(['connect', 'github', '--method', 'token', '--field', `token=@${file}`, ...own()])
    expect([byFile.code, byFile.out, byFile.err]).toEqual([0, expect.stringContaining('connected as ann'), ''])
    const rotate = ['connections', 'rotate', 'github', '--field', 'token=env:NEW']
    expect((await run(rotate, { NEW: TOKEN })).out).toMatch(/^It works as ann: \d+ tools/)
    const bad = await run(rotate, { NEW: 'a-bad-token-0123456789' })
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('nothing was stored')])
    expect((await run(['connections', 'show', 'github'])).out).toContain('token …6789')
  })

  it('warns of secrets on the command line, and says what is missing where nobody can be asked', async () => {
    const literal = await run([
      'connect',
      'github',
      '--name',
      'b',
      '--method',
      'token',
      '--field',
      `token=${TOKEN}`,
      ...own(),
    ])
    expect([literal.code, literal.err]).toEqual([
      0,
      expect.stringContaining('warning: the value of token stands on the command line'),
    ])
    const missing = await run(['connect', 'github', '--name', 'c', '--method', 'token', ...own()])
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('--field token=env:NAME')])
    const unknown = await run(['connect', 'nothing'])
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('There is no provider "nothing"')])
  })
})

describe('gatehouse connections', () => {
  it('lists, tests, switches, revokes, deletes and restores', async () => {
    expect((await run(['connections', 'list', '--provider', 'github'])).out).toMatch(
      /github +github +token +organisation/,
    )
    expect(JSON.parse((await run(['connections', 'test', 'github', '--json'])).out)).toMatchObject({ status: 'ok' })
    expect((await run(['connections', 'disable', 'github'])).out).toBe('github is off.\n')
    expect((await run(['connections', 'enable', 'github'])).code).toBe(0)
    expect((await run(['connections', 'revoke', 'gmail'])).out).toBe(
      'gmail: 1 credentials are gone, 1 of them ended at the service.\n',
    )
    expect((await run(['connections', 'delete', 'github'])).code).toBe(0)
    expect((await run(['connections', 'show', 'github'])).code).toBe(1)
    expect((await run(['connections', 'restore', 'github'])).code).toBe(0)
    expect((await run(['connections', 'expiring'])).out).toBe('Nothing ends within 7 days.\n')
  })
})

describe('gatehouse import --managed', () => {
  it('stores servers at URLs with their credential sealed, and leaves the others to the file', async () => {
    const file = join(house.directory, 'claude.json')
    const servers = {
      notes: { url: `${vendor.url}/mcp`, headers: { Authorization: `Bearer ${TOKEN}` } },
      keyed: { url: `${vendor.url}/mcp`, headers: { 'X-Api-Key': 'keyed-secret-0123456789' } },
      open: { url: `${vendor.url}/mcp` },
      local: { command: 'node', args: ['server.mjs'], env: { API_TOKEN: 'local-secret-0123456789' } },
    }
    await writeFile(file, JSON.stringify({ mcpServers: servers }))
    const imported = await run(['import', file, '--from', 'claude-code', '--managed', '--json'])
    expect(imported.err).toBe('')
    const { servers: outcomes } = JSON.parse(imported.out) as { servers: { name: string; result: string }[] }
    expect(outcomes.map(({ name, result }) => [name, result])).toEqual([
      ['notes', 'stored'],
      ['keyed', 'stored'],
      ['open', 'stored'],
      ['local', 'added'],
    ])
    expect(JSON.parse((await run(['connections', 'show', 'keyed', '--json'])).out)).toMatchObject({
      origin: 'managed',
      method: 'key',
      credentials: [{ fields: { key: { set: true, last4: '6789' } } }],
    })
    const written = await readFile(house.configPath, 'utf8')
    for (const secret of [TOKEN, 'keyed-secret', 'local-secret']) expect(imported.out + written).not.toContain(secret)
    const again = await run(['import', file, '--from', 'claude-code', '--managed', '--json'])
    expect(again.out).toContain('"collision"')
  })
})
