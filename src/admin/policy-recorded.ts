import type { AuditRecord } from '../kernel/audit.ts'
import type { JsonObject } from '../kernel/json.ts'
import { isJsonObject } from '../kernel/json.ts'
import type { RecordedCall } from '../policy/replay/recorded-call.ts'
import type { AdminDeps } from './admin.ts'

/** Which calls of the past: the last ones, and none before a moment (milliseconds since the epoch). */
export interface Past {
  readonly last?: number | undefined
  readonly since?: number | undefined
}

export const DEFAULT_LAST = 10_000
export const MOST_RECORDED = 100_000
/** Of recorded arguments that are held at the same time, characters of JSON. */
const MOST_CHARACTERS = 64 * 1_048_576
/** So many calls between two pauses: a few milliseconds. */
const BATCH = 100

export interface RecordedCalls {
  /** Oldest first, with pauses in which everything else runs. */
  readonly calls: AsyncIterable<RecordedCall>
  /** There are older ones of the time that was asked for, and no room for them. */
  readonly isCut: boolean
}

/** The calls of agents that policy decided, as the audit log remembers them. */
export async function recordedCalls(
  deps: AdminDeps,
  { last, since }: Past,
  signal: AbortSignal,
): Promise<RecordedCalls> {
  const most = Math.min(last ?? (since === undefined ? DEFAULT_LAST : MOST_RECORDED), MOST_RECORDED)
  const found: RecordedCall[] = []
  let characters = 0
  let isCut = false
  for await (const record of decidedCalls(deps, since, signal)) {
    characters += JSON.stringify(record.arguments ?? record.projection ?? null).length
    isCut = found.length >= most || characters > MOST_CHARACTERS
    if (isCut) break
    const call = toRecordedCall(record)
    if (call) found.push(call)
    if (found.length % BATCH === 0) await deps.policy.pause()
  }
  return { calls: inBatches(found.toReversed(), deps), isCut: isCut && last === undefined }
}

/** Outcomes of tool calls with a decision, newest first. */
export async function* decidedCalls(
  deps: Pick<AdminDeps, 'audit'>,
  since: number | undefined,
  signal: AbortSignal,
): AsyncGenerator<AuditRecord, void, undefined> {
  const filter = { type: 'tool.call', ...(since !== undefined && { since }) }
  for await (const record of deps.audit.query(filter, { limit: Number.MAX_SAFE_INTEGER, signal })) {
    if (record.phase === 'outcome' && record.decision !== undefined) yield record
  }
}

/** Undefined for a record that does not say who called what. */
function toRecordedCall(record: AuditRecord): RecordedCall | undefined {
  const { at, agent, user, groups = [], claims, tool, projection, arguments: input, labels = [] } = record
  if (agent === undefined || tool === undefined) return undefined
  return {
    at,
    agent,
    ...(user !== undefined && { user }),
    groups,
    ...(claims && { claims }),
    tool,
    ...(projection && { projection }),
    ...(isArguments(input) && { arguments: input }),
    // A call that was decided on its arguments was decided on what its run had seen, too: nothing is written as nothing.
    ...((projection ?? input) !== undefined && { labels }),
  }
}

const isArguments = (value: unknown): value is JsonObject => isJsonObject(value)

async function* inBatches(
  calls: readonly RecordedCall[],
  deps: AdminDeps,
): AsyncGenerator<RecordedCall, void, undefined> {
  for (const [index, call] of calls.entries()) {
    if (index % BATCH === 0) await deps.policy.pause()
    yield call
  }
}
