import type { Credentials, CredentialsOf, Lease, Subject } from '../kernel/credential.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import type { CredentialDeps } from './credential-deps.ts'
import { type CredentialRow, subjectKey } from './credential-row.ts'
import type { CredentialRows, StoredCredential } from './credential-rows.ts'
import { type ConnectionDefinition, targetOf } from './definition.ts'
import { bury, type Refresher } from './refresher.ts'
import { notNow, refusalFor } from './refusals.ts'
import type { Sealing } from './sealing.ts'

const AHEAD_MS = 5 * 60_000
/** After a refresh that failed, a token that is still good is used for so long before the next try, milliseconds. */
const PAUSE_MS = 30_000
/** When there is no good token any more, calls fail at once for so long before the next try, milliseconds. */
const DOWN_MS = 5_000
/** Far more than there are connections with trouble; the oldest is forgotten first. */
const MOST_PAUSES = 10_000

export interface CredentialParts {
  readonly deps: CredentialDeps
  readonly rows: CredentialRows
  readonly sealing: Sealing
  readonly refresher: Refresher
}

interface Pause {
  readonly until: number
  readonly error: GatewayError
}

/** Leases of stored credentials: by organisation, connection and subject, and in no other way. */
export function storedCredentials(parts: CredentialParts): (connection: string) => CredentialsOf {
  const pauses = new Map<string, Pause>()
  return (connection) => (subject) => credentialsFor({ ...parts, pauses, connection, subject })
}

interface Place extends CredentialParts {
  readonly pauses: Map<string, Pause>
  readonly connection: string
  readonly subject: Subject
}

const credentialsFor = (place: Place): Credentials => ({
  async lease(signal) {
    signal.throwIfAborted()
    const row = await read(place)
    return toLease(place, isDue(place, row) ? await ahead(place, row, signal) : row)
  },
  async renew(refused, signal) {
    const row = await read(place)
    if (row.value.generation !== refused.generation) return toLease(place, row)
    if (!canRefresh(row)) return undefined
    const next = await whileWanted(place.refresher.refresh(row), signal).catch((error: unknown) => {
      throw signal.aborted ? error : failed(place, row, toGatewayError(error), DOWN_MS)
    })
    return next.value.generation === refused.generation ? undefined : toLease(place, next)
  },
  async report(refused, reason) {
    const row = await place.rows.get(place.connection, subjectKey(place.subject))
    if (!row || row.value.dead || row.value.generation !== refused.generation) return
    // A key that was refused may be taken again: the vendor says so at the next probe. A grant that has ended never is.
    const isKey = !row.value.tokens && place.subject === 'shared'
    if (isKey) place.deps.onTrouble(place.connection, await refusalFor(place.deps, row.value, reason))
    else await bury(place, row, reason)
  },
})

/** The row, if it is there and for this very target. */
async function read(place: Place): Promise<StoredCredential> {
  const { deps, rows, connection, subject } = place
  const whose = { connection, subject: subjectKey(subject) }
  const definition = usable(deps.definitionOf(connection), connection)
  const row = (await rows.get(connection, whose.subject)) ?? (await minting(place, definition))
  if (!row || (row.value.client === 'waits' && !row.value.tokens)) {
    throw await refusalFor(deps, whose, 'No account is connected yet.', 'link')
  }
  if (row.value.target !== targetOf(definition)) {
    throw await refusalFor(deps, whose, 'The connection was changed after its credential was entered.', 'link')
  }
  if (row.value.dead) throw await refusalFor(deps, whose, row.value.dead.reason)
  return row
}

/** A client that acts for itself needs nobody to connect it: it is known as soon as it is configured (RFC 6749 §4.4). */
async function minting(
  { deps, rows, connection, subject }: Place,
  definition: ConnectionDefinition,
): Promise<StoredCredential | undefined> {
  if (subject !== 'shared' || !deps.tokenSource(definition, {})?.mint) return undefined
  const [grant, generation, now] = [deps.newId(), deps.newId(), deps.clock()]
  const place = { organisation: deps.organisation, connection, subject: subjectKey(subject) }
  const about = { target: targetOf(definition), method: definition.method, fields: {}, captured: {} }
  return rows.put({ ...place, ...about, client: 'mints', grant, generation, grantedAt: now, updatedAt: now })
}

function usable(definition: ConnectionDefinition | undefined, connection: string): ConnectionDefinition {
  if (definition?.enabled && definition.deletedAt === undefined) return definition
  const detail = definition ? `The connection "${connection}" is off.` : `There is no connection "${connection}".`
  throw new GatewayError('connection_unusable', `${detail} An admin can change that.`, { data: { connection } })
}

/** Whether a token should be refreshed before it is used. One with a short life is used for half of it. */
function isDue({ deps, pauses }: Place, { id, value: { tokens, client } }: StoredCredential): boolean {
  if (!tokens) return client === 'mints'
  const { expiresAt, lifetimeMs = Number.POSITIVE_INFINITY } = tokens
  if (expiresAt === undefined) return false
  const now = deps.clock()
  if (now < expiresAt && (pauses.get(id)?.until ?? 0) > now) return false
  return now >= expiresAt - Math.min(deps.aheadMs ?? AHEAD_MS, lifetimeMs / 2)
}

const isGood = ({ deps }: Place, { value: { tokens } }: StoredCredential): boolean =>
  tokens !== undefined && (tokens.expiresAt === undefined || deps.clock() < tokens.expiresAt)

/** A refresh before the token ends. When it fails in a way that may pass, a token that is still good goes on. */
async function ahead(place: Place, row: StoredCredential, signal: AbortSignal): Promise<StoredCredential> {
  const { deps, pauses, refresher, connection } = place
  if (isGood(place, row) && !canRefresh(row)) return row
  const pause = pauses.get(row.id)
  if (pause && pause.until > deps.clock()) throw notNow(connection, pause.error, pause.until - deps.clock())
  try {
    const next = await whileWanted(refresher.refresh(row), signal)
    pauses.delete(row.id)
    return next
  } catch (error) {
    if (signal.aborted) throw error
    const good = isGood(place, row)
    const failure = failed(place, row, toGatewayError(error), good ? PAUSE_MS : DOWN_MS)
    if (good && !isFinal(failure)) return row
    throw failure
  }
}

/** Nothing but a person can help: asking the vendor again would not. */
const isFinal = ({ code, data }: GatewayError): boolean => code === 'connect_required' || data['reauth'] === true

/** What a caller hears of a refresh that failed; the next one waits a little. */
function failed(place: Place, { id, value }: StoredCredential, error: GatewayError, pauseMs: number): GatewayError {
  const { deps, pauses, connection, subject } = place
  if (isFinal(error)) return error
  const isShown = error.code !== 'cancelled' && subject === 'shared' && !isGood(place, { id, value, version: 0 })
  if (isShown) deps.onTrouble(connection, error)
  const oldest = pauses.size >= MOST_PAUSES ? pauses.keys().next().value : undefined
  if (oldest !== undefined) pauses.delete(oldest)
  pauses.set(id, { until: deps.clock() + pauseMs, error })
  return notNow(connection, error, pauseMs)
}

/** Without a refresh token there is nothing to ask with, but for clients with a credential of their own. */
const canRefresh = ({ value: { tokens, client } }: StoredCredential): boolean =>
  tokens?.refresh !== undefined || client === 'mints'

/** The work goes on when one who waits for it goes away: others wait too, and a rotated token must be kept. */
function whileWanted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new GatewayError('cancelled', 'The caller went away while a token was refreshed.'))
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

function toLease({ sealing }: Place, { value }: StoredCredential): Lease {
  const { method, captured, scopes, generation } = value
  return { method, fields: secretsOf(sealing, value), captured, scopes, generation }
}

/** What is sent. Of an OAuth grant that is the access token alone: the client's own secret never goes to the API. */
function secretsOf(sealing: Sealing, row: CredentialRow): Readonly<Record<string, Secret>> {
  const tokens = sealing.openTokens(row)
  return tokens ? { access_token: tokens.accessToken } : sealing.openFields(row)
}
