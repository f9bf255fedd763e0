import { randomBytes, randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { oauthEngine, type OAuthEngine } from '../../src/connections/oauth/engine.ts'
import {
  flowBook,
  type FlowBook,
  type FlowBookDeps,
  type FlowRequest,
  type Granted,
} from '../../src/connections/oauth/flow-book.ts'
import { scopesToAsk } from '../../src/connections/oauth/scopes.ts'
import type { OAuthTarget } from '../../src/connections/oauth/target.ts'
import { createEgress } from '../../src/egress/egress.ts'
import { connectLinkOf, redirectUriOf } from '../../src/http/addresses.ts'
import { connectRoutes } from '../../src/http/oauth.ts'
import { sessions } from '../../src/http/sessions.ts'
import { signInPages, signInUrl } from '../../src/http/pages/sign-in.ts'
import type { FlowView, Visitor } from '../../src/kernel/connect-flow.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { OAuthSpec } from '../../src/provider-kit/provider.ts'
import { memoryDriver } from '../../src/store/memory-driver.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { seal } from '../../src/vault/seal.ts'
import { openVault } from '../../src/vault/vault.ts'
import { browser, type Browser, type Seen } from './oidc-browser.ts'

export const ORIGIN = 'https://gw.example'
export const REDIRECT_URI = redirectUriOf(new URL(ORIGIN))
/** Keys with which people of these tests sign in. */
export const KEY_OF = { ann: 'key-of-ann', bob: 'key-of-bob', root: 'key-of-root' } as const
type Person = keyof typeof KEY_OF

export interface WorldOptions {
  /** What each connection is authorized with; it may change while flows are open. */
  readonly targets: Record<string, OAuthTarget>
  readonly store?: Store
  readonly accountOf?: FlowBookDeps['accountOf']
  readonly onGranted?: FlowBookDeps['onGranted']
}

/** The gateway's part of connecting accounts, whole, with a clock that can be turned. */
export interface ConnectWorld {
  readonly flows: FlowBook
  readonly engine: OAuthEngine
  readonly store: Store
  readonly granted: Granted[]
  readonly clock: { now: number }
  readonly logged: unknown[]
  invite(change?: Partial<FlowRequest>): Promise<FlowView>
  linkOf(flow: { readonly id: string }): string
  /** A browser in which the person is signed in; nobody when left out. */
  browser(person?: Person): Promise<Browser>
  /** Opens the connect link, presses the button and agrees to all that the service asks, in forms that contain this. */
  connect(flow: { readonly id: string }, by: Browser, containing?: string): Promise<Seen>
  /** The same house after a restart: all that it keeps is the store. */
  restarted(): ConnectWorld
  close(): Promise<void>
}

const KEY = randomBytes(32)

export function connectWorld(options: WorldOptions): ConnectWorld {
  const clock = { now: Date.parse('2026-11-20T10:00:00Z') }
  const egress = createEgress({ clock: () => clock.now })
  return build({ ...options, store: options.store ?? openStore(memoryDriver()) }, clock, egress)
}

function build(
  options: WorldOptions & { readonly store: Store },
  clock: { now: number },
  egress: ReturnType<typeof createEgress>,
): ConnectWorld {
  const { targets, store } = options
  const granted: Granted[] = []
  const logged: unknown[] = []
  const vault = openVault({ keys: [{ kid: 'k1', key: new Secret(KEY), state: 'active' }] })
  const engine = oauthEngine({ egress, clock: () => clock.now })
  const flows = flowBook({
    store,
    vault,
    organisation: 'acme',
    engine,
    clock: () => clock.now,
    newId: randomUUID,
    randomBytes,
    definitionOf: (connection) => {
      const target = targets[connection]
      if (!target) throw new GatewayError('not_found', `There is no connection ${connection}.`)
      return { title: `Notes of ${connection}`, method: 'oauth', target }
    },
    ...(options.accountOf && { accountOf: options.accountOf }),
    onGranted: options.onGranted ?? ((grant) => Promise.resolve(void granted.push(grant))),
  })
  const site = siteOf(flows, clock, logged)
  const world: ConnectWorld = {
    flows,
    engine,
    store,
    granted,
    clock,
    logged,
    invite: (change = {}) =>
      flows.invite({
        connection: 'notes',
        subject: { user: 'ann' },
        principalId: 'agent:sidekick/user:ann',
        scopes: scopesToAsk(targets[change.connection ?? 'notes']?.spec ?? NO_SPEC, [], ['notes.read']),
        redirectUri: REDIRECT_URI,
        ...change,
      }),
    linkOf: ({ id }) => connectLinkOf(new URL(ORIGIN), id),
    async browser(person) {
      const fresh = browser({ origin: ORIGIN, fetch: async (request) => await site.fetch(request) })
      if (person) await fresh.submit(await fresh.open(`${ORIGIN}/sign-in`), { key: KEY_OF[person] })
      return fresh
    },
    async connect(flow, by, containing) {
      const answers = containing === undefined ? { login: 'ann', password: 'any' } : {}
      return await by.agree(await by.submit(await by.open(world.linkOf(flow))), answers, containing)
    },
    restarted: () => build(options, clock, egress),
    close: () => egress.close(),
  }
  return world
}

const NO_SPEC: OAuthSpec = { grant: 'authorization_code', tokenUrl: 'https://none.invalid/token' }

function siteOf(flows: FlowBook, clock: { readonly now: number }, logged: unknown[]): Hono {
  const personOf = (key: string) => {
    const id = Object.entries(KEY_OF).find(([, known]) => known === key)?.[0]
    if (id === undefined) throw new GatewayError('unauthenticated', 'There is no such key.')
    const roles = id === 'root' ? (['admin'] as const) : []
    const person = { agent: '', user: id, groups: [], claims: {}, credential: 'person' as const, roles }
    return { id: `person:${id}`, organisation: 'acme', ...person }
  }
  const log = { info: () => undefined, warn: () => undefined, error: (...words: unknown[]) => void logged.push(words) }
  const people = sessions({
    identity: { signIn: (key) => ({ principal: personOf(key), keyId: key }), recheck: personOf },
    seal: seal(KEY, 'sessions'),
    secure: () => true,
    clock: () => clock.now,
    newId: randomUUID,
  })
  const audit = { append: () => Promise.resolve() }
  return new Hono()
    .route('/', signInPages({ sessions: people, audit, clock: () => clock.now }))
    .route('/', connectRoutes({ flows, sessions: people, publicUrl: () => new URL(ORIGIN), signInUrl, log }))
}

/** What the pages make of a signed-in person. */
export const visitor = (person: Person): Visitor => ({
  principalId: `person:${person}`,
  user: person,
  admin: person === 'root',
})
