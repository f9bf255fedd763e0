import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JWTPayload } from 'jose'
import type { House } from '../../src/cli/house.ts'
import { compose } from '../../src/compose/compose.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { OFFICE_LIVE } from '../fixtures/policies/office-live.ts'
import { sign, signingKey, startIssuer } from '../unit/identity/issuer.ts'
import { type Answer, type CapturedRequest, fakeVendor, json } from './fake-vendor.ts'

const LOOSE_MAIL = join(import.meta.dirname, '../fakes/downstream/loose-mail.mjs')
const AUDIENCE = 'https://gateway.office.test'
const SETTLE_MS = 30_000
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined, setLevel: () => undefined }

/** The office's gateway as it is composed for users: its services are on loopback, its people and agents sign in. */
export interface Office {
  readonly house: House
  readonly endpoint: URL
  /** What reached Gmail, Slack, Jira and the loose mail server, in order; sign-in probes are left out. */
  received(): Promise<readonly string[]>
  forget(): Promise<void>
  /** A token of an agent, or of a person when the client is `people`. */
  token(client: string, claims?: JWTPayload): Promise<string>
  ask(method: string, path: string, as: string, body?: JsonObject): Promise<{ status: number; body: JsonObject }>
  close(): Promise<void>
}

const SERVICES: Readonly<Record<string, unknown>> = {
  '/gmail/v1/users/me/profile': { emailAddress: 'office@corp.com' },
  '/gmail/v1/users/me/messages/send': { id: 'm1', threadId: 't1' },
  '/gmail/v1/users/me/drafts': { id: 'r1', message: { id: 'm1', threadId: 't1' } },
  '/auth.test': { ok: true, user: 'office', team: 'corp' },
  '/chat.postMessage': { ok: true, channel: 'C02MB5ZABA7', ts: '1767261242.000200' },
  '/rest/api/3/myself': { displayName: 'Office' },
  '/rest/api/3/issue/OPS-12/comment': { id: '10100', created: '2026-11-20T12:00:00.000+0100' },
}
const PROBES = ['/gmail/v1/users/me/profile', '/auth.test', '/rest/api/3/myself']

const pathOf = ({ target }: CapturedRequest): string => target.split('?')[0] ?? ''
const answer: Answer = (request, response, raw) =>
  json(SERVICES[pathOf(request)] ?? {}, SERVICES[pathOf(request)] ? 200 : 404)(request, response, raw)

export async function office(): Promise<Office> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-office-'))
  const journal = join(directory, 'loose-mail.jsonl')
  const [key, vendor] = [await signingKey('office'), await fakeVendor(answer)]
  const issuer = await startIssuer(key)
  await writeFile(journal, '')
  await writeFile(join(directory, 'token'), 'office-token-0123456789')
  const configPath = join(directory, 'gateway.config.json')
  const jwt = { issuer: issuer.url, jwksUrl: issuer.jwksUrl, allowPrivateNetwork: true, audience: AUDIENCE }
  await writeFile(configPath, JSON.stringify(toConfig(vendor.url, journal, jwt)))
  const house = await compose({ configPath, mode: 'serve', log: SILENT })
  const { url } = await house.listen()
  await house.settled(SETTLE_MS)
  let seen = vendor.requests.length
  return {
    house,
    endpoint: new URL('/mcp', url),
    async received() {
      const requests = vendor.requests.slice(seen).filter((request) => !PROBES.includes(pathOf(request)))
      const mails = (await readFile(journal, 'utf8')).split('\n').filter(Boolean)
      return [...requests.map(({ method, target, body }) => `${method} ${target} ${body}`), ...mails]
    },
    async forget() {
      seen = vendor.requests.length
      await writeFile(journal, '')
    },
    token: (client, claims = {}) =>
      sign(key, {
        iss: issuer.url,
        aud: AUDIENCE,
        exp: 4_000_000_000,
        sub: `${client}-user`,
        client_id: client,
        ...claims,
      }),
    async ask(method, path, as, body) {
      const headers = { authorization: `Bearer ${as}`, 'content-type': 'application/json' }
      const response = await fetch(new URL(path, url), { method, headers, ...(body && { body: JSON.stringify(body) }) })
      return { status: response.status, body: (await response.json()) as JsonObject }
    },
    async close() {
      await house.close()
      await issuer.close()
      await vendor[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function toConfig(vendor: string, journal: string, jwt: object): object {
  const token = { file: 'token' }
  const at = { baseUrl: vendor, allowPrivateNetwork: true }
  return {
    organisation: 'corp',
    server: { port: 0 },
    identity: {
      jwt: { ...jwt, roles: { clients: ['people'], values: { approver: ['approver'], admin: ['admin'] } } },
    },
    agents: { sidekick: { toolMode: 'full' }, ci: { toolMode: 'full' }, helper: { toolMode: 'full' } },
    connections: {
      gmail: { provider: 'gmail', auth: { method: 'token', token }, ...at },
      slack: {
        provider: 'slack',
        auth: { method: 'token', token },
        ...at,
        tools: { add_reaction: { effect: 'unclassified' } },
      },
      jira: {
        provider: 'jira',
        auth: { method: 'token', username: token, password: token },
        settings: { site: 'corp' },
        ...at,
      },
      loose: {
        mcp: { command: process.execPath, args: [LOOSE_MAIL, journal] },
        tools: { send_message: { effect: 'write', external: true } },
      },
    },
    policy: OFFICE_LIVE,
  }
}
