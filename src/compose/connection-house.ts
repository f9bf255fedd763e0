import { randomUUID } from 'node:crypto'
import type { Config } from '../config/schema.ts'
import { type ConnectionBook, openConnectionBook } from '../connections/connection-book.ts'
import { type CredentialBook, openCredentialBook } from '../connections/credential-book.ts'
import type { CredentialFacts } from '../connections/credential-facts.ts'
import type { CredentialDeps } from '../connections/credential-deps.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import { type OAuthEngine, oauthEngine } from '../connections/oauth/engine.ts'
import type { Log } from '../gateway/gateway.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Supervisor } from '../sources/supervisor.ts'
import type { Closing } from './closing.ts'
import { countedTokens } from './counted-tokens.ts'
import { declaredDefinition, withManaged } from './effective-connections.ts'
import { type McpSignIn, mcpSignIn } from './mcp-sign-in.ts'
import { placeOf } from './place.ts'
import type { Shelf } from './shelf.ts'
import { tokenSources } from './token-sources.ts'
import type { World } from './world.ts'

export interface ConnectionHouseParts {
  readonly world: Pick<World, 'store' | 'vault' | 'egress'>
  readonly shelf: Pick<Shelf, 'get'>
  readonly clock: Clock
  readonly log: Log
  readonly closing: Closing
  /** The configuration in force, without managed connections. */
  declared(): Config
  /** Hears how renewing tokens went. */
  readonly tokenRefreshed?: (result: 'ok' | 'error') => void
  /** Where a person connects an own account. */
  readonly connectLink: CredentialDeps['connectLink']
  /** Where people reach our pages. */
  origin(): string
}

/** Every connection, declared or managed, with its credentials. */
export interface ConnectionHouse {
  readonly book: ConnectionBook
  readonly credentials: CredentialBook
  /** The configuration in force with the managed connections in it; the same object until something changes. */
  current(): Config
  /** Another configuration with the managed connections in it. Throws `config_invalid` when names collide. */
  withManaged(config: Config): Config
  /** What a connection is now, a deleted one too; undefined when there never was one. */
  definitionOf(slug: string): ConnectionDefinition | undefined
  /** Every connection that is not deleted, ordered by slug. */
  definitions(): readonly ConnectionDefinition[]
  /** How tokens of a connection come anew and end; undefined for methods without tokens. */
  readonly tokenSource: CredentialDeps['tokenSource']
  readonly engine: OAuthEngine
  readonly mcp: McpSignIn
  /** Whose credential lists the tools of an MCP server that everybody uses with their own: who connected first. */
  listedAs(slug: string): Promise<string | undefined>
  /** Lets credentials and connections tell each other what they found. */
  attach(supervisor: Supervisor, onChange: () => Promise<void>): void
}

export async function openConnections(parts: ConnectionHouseParts): Promise<ConnectionHouse> {
  const { world, clock, log, closing, declared } = parts
  let supervisor: Supervisor | undefined
  const book = await openConnectionBook({
    store: world.store,
    clock,
    onError: (error) => log.error({}, 'the managed connections could not be read; the last ones stay in force', error),
  })
  closing.add(book.close)
  const definitionOf = (slug: string): ConnectionDefinition | undefined =>
    book.get(slug) ?? declaredOne(slug, declared(), book)
  const current = remembering(declared, book)
  const engine = oauthEngine({ egress: world.egress, clock })
  const mcp = mcpSignIn({ world, engine, clock, config: current, place: () => placeOf(parts.origin()) })
  const tokenSource = countedTokens(
    tokenSources({ engine, shelf: parts.shelf, config: current, mcpRefresh: mcp.source }),
    parts.tokenRefreshed,
  )
  const credentials = await openCredentialBook({
    organisation: declared().organisation,
    store: world.store,
    vault: world.vault,
    clock,
    newId: randomUUID,
    timeout: AbortSignal.timeout,
    definitionOf,
    tokenSource,
    connectLink: parts.connectLink,
    onTrouble: (slug, error) => supervisor?.report(slug, error),
  })
  closing.add(credentials.close)
  return {
    book,
    credentials,
    current,
    withManaged: (config) => withManaged(config, book),
    definitionOf,
    tokenSource,
    engine,
    mcp,
    definitions: () =>
      Object.keys(current().connections)
        .toSorted()
        .flatMap((slug) => definitionOf(slug) ?? []),
    listedAs: async (slug) => firstOwner(await credentials.facts(slug)),
    attach(running, onChange) {
      supervisor = running
      const told = (): void =>
        void onChange().catch((error: unknown) =>
          log.error({}, 'the managed connections could not be taken over; the last ones stay in force', error),
        )
      closing.add(book.onChange(told))
      closing.add(credentials.onGranted((slug, subject) => reconnect(running, slug, subject === 'shared')))
    },
  }
}

/** What the file says of a connection, unless an admin has switched it off. */
function declaredOne(
  slug: string,
  { connections }: Config,
  book: Pick<ConnectionBook, 'switchedOff'>,
): ConnectionDefinition | undefined {
  const connection = Object.hasOwn(connections, slug) ? connections[slug] : undefined
  if (!connection) return undefined
  const definition = declaredDefinition(slug, connection)
  return book.switchedOff().has(slug) ? { ...definition, enabled: false } : definition
}

const firstOwner = (facts: readonly CredentialFacts[]): string | undefined =>
  facts.filter(({ user, dead }) => user !== undefined && !dead).toSorted((a, b) => a.grantedAt - b.grantedAt)[0]?.user

/** A person's own account is nobody else's business, unless the connection waits for the first one. */
function reconnect(supervisor: Supervisor, slug: string, isShared: boolean): void {
  const status = supervisor.statuses().find(({ connection }) => connection === slug)
  if (isShared || (status && status.state !== 'active')) supervisor.restart(slug)
}

/** One object for one state of things: what is built from it is built anew only when it differs. */
function remembering(declared: () => Config, book: ConnectionBook): () => Config {
  let last: { readonly of: readonly unknown[]; readonly config: Config } | undefined
  return () => {
    const of = [declared(), book.all(), book.switchedOff()]
    if (last && of.every((part, index) => part === last?.of[index])) return last.config
    last = { of, config: withManaged(declared(), book) }
    return last.config
  }
}
