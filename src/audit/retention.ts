import { join } from 'node:path'
import type { JsonObject } from '../kernel/json.ts'
import { CHECKPOINT_FILE, openCheckpoint } from './checkpoint.ts'
import type { Link } from './line.ts'
import { checkOldSegments, oldSegments, type RetentionLimits } from './old-segments.ts'
import { checkpointLines } from './read-checkpoints.ts'
import type { Retained } from './retained.ts'
import type { StatementKey } from './statement.ts'

const DEFAULT_EVERY_MS = 3_600_000

export interface RetentionSettings extends RetentionLimits {
  /** How often to look for what has grown old, besides when a segment begins; 3,600,000 by default. */
  readonly everyMs?: number
}

export interface RetentionOptions {
  readonly directory: string
  readonly settings: RetentionSettings
  readonly keys: readonly Buffer[]
  readonly statementKeys: readonly StatementKey[]
  /** What was removed before; undefined when nobody can tell. */
  readonly retained: Retained | undefined
  readonly now: () => number
  /** Records what is about to be removed, and what was. */
  readonly record: (phase: 'intent' | 'outcome', detail: JsonObject) => Promise<void>
  /** Removes the segments up to what this says, and says so durably before. */
  readonly remove: (next: Retained) => Promise<void>
  readonly failed: (trouble: string, error?: unknown) => void
}

export interface Retention {
  /** Looks soon, in the background. */
  look(): void
  /** Why old records could not be removed; undefined when they could. */
  trouble(): string | undefined
  close(): Promise<void>
}

/**
 * Removes whole old segments, the oldest first and never the one that is written to. What is removed was checked first and
 * is recorded before; a segment that was changed is evidence and stays.
 */
export function retention(options: RetentionOptions): Retention {
  const { settings, failed } = options
  const isLimited = settings.maxAgeMs !== undefined || settings.maxBytes !== undefined
  const stopping = new AbortController()
  let { retained } = options
  let trouble: string | undefined
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const pass = async (): Promise<void> => {
    if (!retained) return fail('Nobody can tell where the log begins, because retained.json was changed.')
    const { next, fault } = await removeOld(options, retained, stopping.signal)
    retained = next
    trouble = undefined
    if (fault !== undefined) fail(`${fault}: it stays as evidence, and so do all later records.`)
  }
  const fail = (why: string, error?: unknown): void => {
    trouble = `Old audit records could not be removed. ${why}`
    failed(trouble, error)
  }
  const look = (): void => {
    if (!isLimited || stopping.signal.aborted) return
    running ??= pass()
      .catch((error: unknown) => fail(error instanceof Error ? error.message : 'The disk refuses.', error))
      .finally(() => {
        running = undefined
        clearTimeout(timer)
        if (!stopping.signal.aborted) timer = setTimeout(look, settings.everyMs ?? DEFAULT_EVERY_MS).unref()
      })
  }
  return {
    look,
    trouble: () => trouble,
    async close() {
      stopping.abort()
      clearTimeout(timer)
      await running
    },
  }
}

async function removeOld(
  { directory, settings, keys, statementKeys, now, record, remove }: RetentionOptions,
  retained: Retained,
  signal: AbortSignal,
): Promise<{ readonly next: Retained; readonly fault?: string | undefined }> {
  const old = await oldSegments(directory, settings, now())
  const { count, record: last, fault } = await checkOldSegments(directory, old, keys, { from: retained, signal })
  if (count === 0 || signal.aborted) return { next: retained, fault }
  const next = {
    segment: retained.segment + count,
    record: last,
    checkpoint: await lastCheckpoint(directory, statementKeys, retained.checkpoint, last),
  }
  const detail = { segments: count, firstSeq: retained.record.seq + 1, lastSeq: last.seq }
  await record('intent', detail)
  await remove(next)
  await record('outcome', detail)
  return { next, fault }
}

/** The last checkpoint that speaks only of records up to this one. */
async function lastCheckpoint(
  directory: string,
  keys: readonly StatementKey[],
  from: Link,
  record: Link,
): Promise<Link> {
  let last = from
  for await (const { bytes } of checkpointLines(join(directory, CHECKPOINT_FILE))) {
    const checkpoint = openCheckpoint(bytes.toString('utf8'), keys)?.checkpoint
    if (checkpoint && checkpoint.lastSeq > record.seq) break
    if (checkpoint && checkpoint.lastSeq > last.seq) last = checkpoint.link
  }
  return last
}
