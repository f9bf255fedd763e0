import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { TokenSet } from '../kernel/token-set.ts'
import type { CredentialDeps, TokenSource } from './credential-deps.ts'
import type { CredentialRow } from './credential-row.ts'
import type { CredentialRows, StoredCredential } from './credential-rows.ts'
import { refusalFor } from './refusals.ts'
import type { Sealing } from './sealing.ts'

/** Gets new tokens for a stored credential, once for everybody who asks, in this process and in others. */
export interface Refresher {
  /**
   * The newest row: refreshed when `seen` is still the newest, else as it is. Rejects with what `refusalFor` makes when only
   * a person can help, with the vendor's failure when trying again may, and with `store_unavailable`.
   */
  refresh(seen: StoredCredential): Promise<StoredCredential>
  /** Resolves when nothing is under way: tokens that a vendor has given out must be stored before the store closes. */
  settled(): Promise<void>
}

/** A refresh that takes longer is given up, waiting for another process's included. */
const LIMIT_MS = 45_000
/** Tokens that were got and could not be stored, kept for the next try. Far more than there are connections. */
const MOST_UNSAVED = 1_000

export interface RefresherParts {
  readonly deps: CredentialDeps
  readonly rows: CredentialRows
  readonly sealing: Sealing
}

export function refresher(parts: RefresherParts): Refresher {
  const { deps, rows } = parts
  const running = new Map<string, Promise<StoredCredential>>()
  /** By generation of the row that they were got for. */
  const unsaved = new Map<string, TokenSet>()

  const once = (seen: StoredCredential): Promise<StoredCredential> =>
    deps.store.withLock(
      `credential ${seen.id}`,
      async (signal) => {
        const now = await rows.get(seen.value.connection, seen.value.subject)
        if (!now) throw await refusalFor(deps, seen.value, 'The credential was removed.', 'link')
        if (now.value.generation !== seen.value.generation) return now
        if (now.value.dead) throw await refusalFor(deps, now.value, now.value.dead.reason)
        const fresh = unsaved.get(now.value.generation) ?? (await obtain(parts, now, signal))
        if (unsaved.size < MOST_UNSAVED) unsaved.set(now.value.generation, fresh)
        const saved = await save(parts, now, fresh)
        unsaved.delete(now.value.generation)
        return saved
      },
      { signal: deps.timeout(LIMIT_MS) },
    )

  return {
    refresh(seen) {
      const known = running.get(seen.id)
      if (known) return known
      const work = once(seen).finally(() => running.delete(seen.id))
      running.set(seen.id, work)
      return work
    },
    async settled() {
      await Promise.allSettled(running.values())
    },
  }
}

/** Asks the vendor; a grant that has ended is marked as dead before anybody hears of it. */
async function obtain(parts: RefresherParts, now: StoredCredential, signal: AbortSignal): Promise<TokenSet> {
  const { deps, sealing, rows } = parts
  const definition = deps.definitionOf(now.value.connection)
  const source = definition && deps.tokenSource(definition, sealing.openFields(now.value))
  const ask = asking(source, sealing.openTokens(now.value))
  if (!ask) throw await bury(parts, now, 'The access token has ended and cannot be refreshed.')
  try {
    return await ask(signal)
  } catch (error) {
    const failure = toGatewayError(error)
    if (failure.code !== 'invalid_grant') throw failure
    const newest = await rows.get(now.value.connection, now.value.subject)
    if (newest && newest.value.generation !== now.value.generation) throw changedMeanwhile(failure)
    throw await bury(parts, now, `The grant has ended: ${failure.message}`)
  }
}

function asking(
  source: TokenSource | undefined,
  current: TokenSet | undefined,
): ((signal: AbortSignal) => Promise<TokenSet>) | undefined {
  if (current?.refreshToken && source?.refresh) {
    const { refresh } = source
    return (signal) => refresh(current, signal)
  }
  return source?.mint
}

/** Stores new tokens in the place of those that they were got for; when that place was taken meanwhile, they are ended. */
async function save(parts: RefresherParts, now: StoredCredential, fresh: TokenSet): Promise<StoredCredential> {
  try {
    return await parts.rows.put(renewed(parts, now.value, fresh), now.version)
  } catch (error) {
    const failure = toGatewayError(error)
    if (failure.code !== 'version_conflict') throw failure
    await endAtVendor(parts, now.value, fresh)
    const newest = await parts.rows.get(now.value.connection, now.value.subject)
    if (newest) return newest
    throw await refusalFor(parts.deps, now.value, 'The credential was removed.', 'link')
  }
}

/** The row with new tokens. A refresh token, scope or captured value that the vendor did not repeat stays (RFC 6749 §6). */
function renewed({ deps, sealing }: RefresherParts, row: CredentialRow, fresh: TokenSet): CredentialRow {
  const now = deps.clock()
  const { dead: _dead, tokens: before, ...rest } = row
  const tokens = sealing.tokens(row, fresh, now)
  const kept = fresh.refreshToken || !before?.refresh ? {} : keptRefresh(before)
  return {
    ...rest,
    tokens: { ...kept, ...tokens },
    captured: { ...row.captured, ...fresh.captured },
    ...(fresh.scopes && { scopes: [...fresh.scopes] }),
    generation: deps.newId(),
    updatedAt: now,
  }
}

const keptRefresh = ({ refresh, refreshExpiresAt }: NonNullable<CredentialRow['tokens']>) => ({
  ...(refresh && { refresh }),
  ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
})

/** Marks a credential as refused for good, unless a newer one has taken its place, and tells whose trouble it is. */
export async function bury(
  { deps, rows }: Pick<RefresherParts, 'deps' | 'rows'>,
  { value, version }: StoredCredential,
  reason: string,
): Promise<GatewayError> {
  const at = deps.clock()
  await rows.put({ ...value, updatedAt: at, dead: { at, reason } }, version).catch((error: unknown) => {
    const failure = toGatewayError(error)
    throw failure.code === 'version_conflict' ? changedMeanwhile(failure) : failure
  })
  const refusal = await refusalFor(deps, value, reason)
  if (refusal.code === 'connection_unusable') deps.onTrouble(value.connection, refusal)
  return refusal
}

async function endAtVendor({ deps, sealing }: RefresherParts, row: CredentialRow, tokens: TokenSet): Promise<void> {
  const definition = deps.definitionOf(row.connection)
  const source = definition && deps.tokenSource(definition, sealing.openFields(row))
  // Nobody can use them any more: when the vendor does not listen, they just expire.
  await source?.revoke?.(tokens, deps.timeout(LIMIT_MS)).catch(() => undefined)
}

const changedMeanwhile = (cause: GatewayError): GatewayError =>
  new GatewayError('upstream_failed', 'The credential was changed while it was refreshed. Try again.', { cause })
