import type { CredentialsOf, Subject } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import type { TokenSet } from '../kernel/token-set.ts'
import type { CredentialDeps } from './credential-deps.ts'
import { type CredentialFacts, endsAt, factsOf } from './credential-facts.ts'
import { credentialCollection, type CredentialRow, subjectKey, userOf } from './credential-row.ts'
import type { TypedChange } from '../store/store.ts'
import { credentialRows, type StoredCredential } from './credential-rows.ts'
import { storedCredentials } from './credentials.ts'
import { type ConnectionDefinition, targetOf } from './definition.ts'
import { refresher } from './refresher.ts'
import { type Sealing, sealing } from './sealing.ts'

/** A credential that a person has just entered or consented to. */
export interface Grant {
  readonly connection: string
  readonly subject: Subject
  readonly fields?: Readonly<Record<string, Secret>> | undefined
  readonly tokens?: TokenSet | undefined
  /** Whose account it is, as the vendor calls it. */
  readonly account?: string | undefined
  /** Id of the principal who did it. */
  readonly by?: string | undefined
}

/** Where credentials are kept, sealed, and handed out. */
export interface CredentialBook {
  credentialsOf(connection: string): CredentialsOf
  /**
   * Stores a credential in the place of the one before. Rejects with `invalid_credential` when it is not of the connection's
   * kind, and with `not_found` for an unknown connection.
   */
  grant(grant: Grant): Promise<CredentialFacts>
  /** Of one connection, the shared one first; with the last characters of fields. */
  facts(connection: string): Promise<readonly CredentialFacts[]>
  /** The OAuth client that was entered for the connection itself, with its secret; undefined when there is none. */
  client(connection: string): Promise<Readonly<Record<string, Secret>> | undefined>
  /** Of all connections. */
  all(): Promise<readonly CredentialFacts[]>
  /** Those with which a person has to do something until `moment` (milliseconds since the epoch), soonest first. */
  expiring(moment: number): Promise<readonly CredentialFacts[]>
  /** Removes one, or all of a connection, at once; then ends them at the vendor as well as that goes. */
  remove(connection: string, subject?: Subject): Promise<Removal>
  /** Calls `listener` when somebody has connected an account, in whichever process; the result ends that. */
  onGranted(listener: (connection: string, subject: Subject) => void): () => void
  /** Waits for refreshes under way, whose tokens must be stored, and listens no more. */
  close(): Promise<void>
}

export interface Removal {
  readonly removed: number
  /** How many the vendor confirmed to have ended; resolves when it has been asked, within 10 s. */
  readonly atVendor: Promise<number>
}

const MOST_FIELDS = 20
const MOST_CHARACTERS = 65_536
const REVOKE_MS = 10_000

export async function openCredentialBook(deps: CredentialDeps): Promise<CredentialBook> {
  const rows = credentialRows(deps.store, deps.organisation)
  const seals = sealing(deps.vault)
  const renewing = refresher({ deps, rows, sealing: seals })
  const all = async (): Promise<readonly CredentialFacts[]> => (await rows.all()).map(({ value }) => factsOf(value))
  const grants = new Map((await rows.all()).map(({ id, value }) => [id, value.grant]))
  const listeners = new Set<(connection: string, subject: Subject) => void>()
  const unwatch = deps.store.watch(credentialCollection, (change) => {
    const row = readable(change)
    const before = grants.get(change.id)
    if (row) grants.set(change.id, row.value.grant)
    else grants.delete(change.id)
    if (row?.value.organisation !== deps.organisation || row.value.grant === before) return
    const user = userOf(row.value.subject)
    for (const listener of listeners) listener(row.value.connection, user === undefined ? 'shared' : { user })
  })
  return {
    credentialsOf: storedCredentials({ deps, rows, sealing: seals, refresher: renewing }),
    async grant(grant) {
      const definition = fitting(deps.definitionOf(grant.connection), grant)
      const before = await rows.get(grant.connection, subjectKey(grant.subject))
      const row = toRow(deps, seals, definition, { ...grant, ...(before && keptClient(seals, before.value, grant)) })
      return factsOf((await rows.put(row)).value, seals)
    },
    facts: async (connection) => (await rows.of(connection)).map(({ value }) => factsOf(value, seals)),
    async client(connection) {
      const row = await rows.get(connection, subjectKey('shared'))
      return row?.value.client && seals.openFields(row.value)
    },
    all,
    async expiring(moment) {
      const ending = (await all()).flatMap((facts) => [{ facts, at: endsAt(facts) ?? Number.POSITIVE_INFINITY }])
      return ending
        .filter(({ facts, at }) => at <= moment && !facts.dead)
        .toSorted((a, b) => a.at - b.at)
        .map(({ facts }) => facts)
    },
    async remove(connection, subject) {
      const found = (await rows.of(connection)).filter(
        ({ value }) => subject === undefined || value.subject === subjectKey(subject),
      )
      const removed = await Promise.all(found.map(({ value }) => rows.remove(connection, value.subject)))
      return { removed: removed.filter(Boolean).length, atVendor: endAll(deps, seals, found) }
    },
    onGranted(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      unwatch()
      await renewing.settled()
    },
  }
}

/** A row that cannot be read is no grant; whoever leases it hears why. */
function readable(change: TypedChange<CredentialRow>): TypedChange<CredentialRow>['row'] {
  try {
    return change.row
  } catch {
    return undefined
  }
}

function fitting(definition: ConnectionDefinition | undefined, grant: Grant): ConnectionDefinition {
  const { connection, subject, fields = {}, tokens } = grant
  if (!definition || definition.deletedAt !== undefined) {
    throw new GatewayError('not_found', `There is no connection "${connection}".`)
  }
  const refuse = (why: string): never => {
    throw new GatewayError('invalid_credential', `The credential of "${connection}" was not stored: ${why}`)
  }
  if ((subject === 'shared') !== (definition.credential === 'shared')) {
    refuse(
      subject === 'shared'
        ? 'every person brings their own there.'
        : 'the connection has one credential for everybody.',
    )
  }
  const texts = Object.values(fields).map((field) => field.reveal())
  if (texts.length > MOST_FIELDS) refuse(`it has more than ${MOST_FIELDS} fields.`)
  if (texts.some((text) => text.length > MOST_CHARACTERS))
    refuse(`a field has more than ${MOST_CHARACTERS} characters.`)
  if (texts.length === 0 && !tokens) refuse('there is nothing in it.')
  return definition
}

function toRow(
  deps: CredentialDeps,
  seals: Sealing,
  definition: ConnectionDefinition,
  { connection, subject, fields = {}, tokens, account, by }: Grant,
): CredentialRow {
  const now = deps.clock()
  const place = { organisation: deps.organisation, connection, subject: subjectKey(subject) }
  const source = deps.tokenSource(definition, fields)
  return {
    ...place,
    target: targetOf(definition),
    method: definition.method,
    fields: seals.fields(place, fields),
    ...(source && { client: source.mint ? 'mints' : 'waits' }),
    ...(tokens && { tokens: seals.tokens(place, tokens, now) }),
    captured: tokens?.captured ?? {},
    ...(tokens?.scopes && { scopes: [...tokens.scopes] }),
    ...(account !== undefined && { account }),
    grant: deps.newId(),
    generation: deps.newId(),
    grantedAt: now,
    updatedAt: now,
    ...(by !== undefined && { by }),
  }
}

/** A client that was entered for the connection stays when a person consents with it. */
function keptClient(seals: Sealing, row: CredentialRow, { fields, tokens }: Grant): Pick<Grant, 'fields'> {
  return fields || !tokens || !row.client ? {} : { fields: seals.openFields(row) }
}

/** As well as it goes: what a vendor does not end expires, and nobody here has it any more. */
async function endAll(deps: CredentialDeps, seals: Sealing, rows: readonly StoredCredential[]): Promise<number> {
  const ended = await Promise.allSettled(
    rows.map(async ({ value }) => {
      const definition = deps.definitionOf(value.connection)
      const tokens = seals.openTokens(value)
      const revoke = tokens && definition && deps.tokenSource(definition, seals.openFields(value))?.revoke
      if (tokens && revoke) await revoke(tokens, deps.timeout(REVOKE_MS))
      return revoke !== undefined
    }),
  )
  return ended.filter((one) => one.status === 'fulfilled' && one.value).length
}
