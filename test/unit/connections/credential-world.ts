import { randomBytes, randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { type CredentialBook, openCredentialBook } from '../../../src/connections/credential-book.ts'
import type { TokenSource } from '../../../src/connections/credential-deps.ts'
import type { ConnectionDefinition } from '../../../src/connections/definition.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import type { TokenSet } from '../../../src/kernel/token-set.ts'
import type { Driver } from '../../../src/store/driver.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore, type Store } from '../../../src/store/store.ts'
import { openVault } from '../../../src/vault/vault.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

export const never = new AbortController().signal
setMaxListeners(0, never)

/** An authorization server that rotates: an old refresh token ends the grant, as strict ones do (RFC 9700 §4.14.2). */
export interface TokenVendor extends TokenSource {
  readonly refreshes: { count: number }
  readonly revoked: string[]
  /** What the next refreshes do instead of working. */
  failure: GatewayError | undefined
  /** Holds refreshes back until it is called. */
  hold(): () => void
  /** A first token set, as if a person had consented. */
  issue(more?: Partial<TokenSet>): TokenSet
}

export function tokenVendor(clock: () => number, lifetimeMs = HOUR): TokenVendor {
  const live = new Set<string>()
  let gate: Promise<void> = Promise.resolve()
  const make = (): TokenSet => {
    const id = randomUUID()
    live.add(`refresh-${id}`)
    return {
      accessToken: new Secret(`access-${id}`),
      refreshToken: new Secret(`refresh-${id}`),
      expiresAt: clock() + lifetimeMs,
      scopes: ['read'],
      captured: { cloudId: 'c1' },
    }
  }
  const vendor: TokenVendor = {
    refreshes: { count: 0 },
    revoked: [],
    failure: undefined,
    hold() {
      let release = (): void => undefined
      gate = new Promise((resolve) => (release = resolve))
      return release
    },
    issue: (more = {}) => ({ ...make(), ...more }),
    async refresh(current) {
      vendor.refreshes.count += 1
      await gate
      if (vendor.failure) throw vendor.failure
      const token = current.refreshToken?.reveal() ?? ''
      if (!live.delete(token)) throw new GatewayError('invalid_grant', 'The refresh token was used before.')
      return { ...make(), captured: {} }
    },
    revoke: (tokens) => Promise.resolve(void vendor.revoked.push(tokens.accessToken.reveal())),
  }
  return vendor
}

export const definition = (change: Partial<ConnectionDefinition> = {}): ConnectionDefinition => ({
  slug: 'mail',
  origin: 'managed',
  provider: 'postbox',
  method: 'oauth',
  settings: {},
  allowPrivateNetwork: false,
  credential: 'shared',
  enabled: true,
  version: 1,
  ...change,
})

export interface CredentialWorld {
  readonly book: CredentialBook
  readonly store: Store
  readonly time: { now: number }
  readonly vendor: TokenVendor
  readonly trouble: { readonly connection: string; readonly error: GatewayError }[]
  readonly connections: Map<string, ConnectionDefinition>
}

export interface CredentialWorldOptions {
  readonly driver?: Driver
  readonly time?: { now: number }
  readonly vendor?: TokenVendor
  readonly key?: Buffer
  readonly connections?: readonly ConnectionDefinition[]
  readonly source?: TokenSource
}

export async function credentialWorld(options: CredentialWorldOptions = {}): Promise<CredentialWorld> {
  const time = options.time ?? { now: Date.parse('2026-11-20T10:00:00Z') }
  const vendor = options.vendor ?? tokenVendor(() => time.now)
  const store = openStore(options.driver ?? memoryDriver())
  const vault = openVault({
    keys: [{ kid: 'k1', key: new Secret(options.key ?? randomBytes(32)), state: 'active' }],
  })
  const trouble: { readonly connection: string; readonly error: GatewayError }[] = []
  const connections = new Map((options.connections ?? [definition()]).map((one) => [one.slug, one]))
  const book = await openCredentialBook({
    organisation: 'acme',
    store,
    vault,
    clock: () => time.now,
    newId: randomUUID,
    timeout: () => new AbortController().signal,
    definitionOf: (slug) => connections.get(slug),
    tokenSource: ({ method }) => (method === 'oauth' ? (options.source ?? vendor) : undefined),
    connectLink: ({ connection, user }) => Promise.resolve(`https://gw.example.com/connect/${connection}-${user}`),
    onTrouble: (connection, error) => void trouble.push({ connection, error }),
  })
  return { book, store, time, vendor, trouble, connections }
}

/** The access token that a lease holds. */
export const tokenOf = (lease: { readonly fields: Readonly<Record<string, Secret>> } | undefined): string =>
  lease?.fields['access_token']?.reveal() ?? ''
