import { randomInt } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { House } from '../../src/cli/house.ts'
import { compose } from '../../src/compose/compose.ts'
import { redirectUriOf } from '../../src/http/addresses.ts'
import { browser, type Browser } from '../fakes/oidc-browser.ts'
import type { Answer, AskOptions } from './front-door.ts'

/** A composed house on a port that is known before it opens, which can be restarted on what it keeps. */
export interface OAuthHouse {
  readonly origin: string
  readonly directory: string
  readonly configPath: string
  readonly house: () => House
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>
  /** A key of an agent that acts for a person, or for nobody. */
  agent(id: string, user?: string): Promise<string>
  person(id: string, roles?: readonly string[]): Promise<string>
  /** A browser in which the holder of the key is signed in. */
  browser(key: string): Promise<Browser>
  /** Calls a tool as its agent would, over the API. */
  call(key: string, tool: string, input?: object): Promise<Answer>
  /** Resolves when the connection has this state. */
  reaches(connection: string, state: string): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
  /** Everything that was logged, as text. */
  readonly logged: string[]
}

export interface HouseDocument {
  readonly connections: object
  readonly oauthClients?: object
  readonly agents?: object
  readonly policy?: object
  readonly server?: object
  readonly [more: string]: unknown
}

const ALLOW_ALL = { rules: [{ id: 'all', effect: 'allow' }] }
export const PATIENCE = { timeout: 15_000, interval: 10 }

export async function oauthHouse(
  describe: (redirectUri: string) => HouseDocument | Promise<HouseDocument>,
): Promise<OAuthHouse> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const document = await describe(redirectUriOf(new URL(origin)))
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  const configPath = join(directory, 'gateway.config.json')
  const logged: string[] = []
  const configuration = {
    organisation: 'acme',
    log: { level: 'debug' },
    agents: { sidekick: {} },
    policy: ALLOW_ALL,
    ...document,
    server: { port, ...document.server },
  }
  await writeFile(configPath, JSON.stringify(configuration))
  const open = async (): Promise<House> => {
    const house = await compose({ configPath, mode: 'serve', log: remembering(logged) })
    await house.listen()
    await house.settled(30_000)
    return house
  }
  let house = await open()
  const ask: OAuthHouse['ask'] = (method, path, options) =>
    asked(`${origin}${path}`, method, { as: house.adminToken.reveal(), ...options })
  const keyFrom = async (path: string, body: object): Promise<string> => {
    const answer = await ask('POST', path, { body })
    expect(answer.status, answer.text).toBe(201)
    return String(answer.body['key'])
  }
  return {
    origin,
    directory,
    configPath,
    logged,
    house: () => house,
    ask,
    agent: (id, user) => keyFrom(`/api/agents/${id}/keys`, user === undefined ? {} : { user }),
    person: (id, roles = []) => keyFrom('/api/people', { id, roles }),
    async browser(key) {
      const fresh = browser({ origin, fetch: (request) => fetch(request) })
      await fresh.submit(await fresh.open(`${origin}/sign-in`), { key })
      return fresh
    },
    call: (key, tool, input = {}) =>
      ask('POST', '/api/actions/call', { as: key, body: { actionIdentifier: tool, input } }),
    async reaches(connection, state) {
      const status = async () => (await ask('GET', `/api/connections/${connection}`)).body['status']
      await expect.poll(status, PATIENCE).toBe(state)
    },
    async restart() {
      await house.close()
      house = await open()
    },
    async close() {
      await house.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function asked(url: string, method: string, { as = '', body, headers = {} }: AskOptions): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(as !== '' && { authorization: `Bearer ${as}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    redirect: 'manual',
  })
  const text = await response.text()
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} }
}

/** Keeps every word of the log, of all levels, with errors and what caused them. */
function remembering(logged: string[]) {
  const write = (...words: unknown[]): void => void logged.push(words.map(toText).join(' '))
  return { info: write, warn: write, error: write, debug: write, setLevel: () => undefined }
}

function toText(word: unknown): string {
  if (word instanceof Error) return `${word.stack ?? word.message} ${toText(word.cause)}`
  return typeof word === 'string' ? word : (JSON.stringify(word) ?? '')
}

/** Below the ports that systems give out by themselves: no fake service takes it meanwhile. */
async function freePort(): Promise<number> {
  const port = randomInt(20_000, 30_000)
  const server = createServer()
  const isFree = await new Promise<boolean>((told) => {
    server.once('error', () => told(false))
    server.listen(port, '127.0.0.1', () => told(true))
  })
  await new Promise<void>((closed) => void server.close(() => closed()))
  return isFree ? port : freePort()
}
