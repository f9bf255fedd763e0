import { join } from 'node:path'
import type { AuditEvent, AuditLog } from '../kernel/audit.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { commitQueue } from '../store/commit-queue.ts'
import { diskFailure } from '../store/disk-failure.ts'
import { type FileSystem, nodeFileSystem } from '../store/file-system.ts'
import { type HeldLock, takeLock } from '../store/lock-file.ts'
import { privateDirectory } from '../store/private-directory.ts'
import { type CheckpointSettings, type CheckpointWriter, checkpointWriter } from './checkpoint-writer.ts'
import { toEventText } from './event-text.ts'
import { writeHead } from './head.ts'
import { type HeadKeeper, headKeeper } from './head-keeper.ts'
import { type Link, sealLine } from './line.ts'
import { removeSegments } from './remove-segments.ts'
import { writeRetained } from './retained.ts'
import { type Retention, type RetentionSettings, retention } from './retention.ts'
import { resume, type Resumed } from './resume.ts'
import { type SegmentWriter, segmentWriter, unavailable } from './segment-writer.ts'

const LOCK_FILE = 'audit.lock'
const DEFAULT_SEGMENT_BYTES = 67_108_864
const DEFAULT_SEAL_MS = 1_000
/** What one flush takes, and what may wait for it: more than that waiting means that the disk hangs. */
const MAX_BATCH_BYTES = 1_048_576
const MAX_WAITING_BYTES = 67_108_864
/** How long events that nobody waits for are collected: a flush for each costs more than all the rest of a call's line. */
const LINGER_MS = 5

export interface JsonlAuditLogOptions {
  /**
   * Made when missing, mode 0700. Holds `audit-<number>.jsonl`, `checkpoints.jsonl`, `retained.json`, `head.json` and
   * `audit.lock`, all 0600.
   */
  readonly directory: string
  /** 32 bytes for HMAC-SHA256: `vault.derive('audit')`. */
  readonly key: Buffer
  /** Keys of before a rotation: what they wrote stays good, nothing new is written with them. */
  readonly formerKeys?: readonly Buffer[]
  readonly clock: Clock
  /** When a new segment begins; 64 MiB by default. */
  readonly maxBytes?: number
  /** How soon after an append the head is sealed; 1,000 by default. Records younger than that can be cut off unseen. */
  readonly sealMs?: number
  readonly checkpoints: CheckpointSettings
  /** What is kept; everything when left out. */
  readonly retain?: RetentionSettings
  /** Told of what went wrong beside the log: a checkpoint that was refused, old records that could not be removed. */
  readonly onTrouble?: (detail: string, error: unknown) => void
  readonly files?: FileSystem
}

type OpenOptions = JsonlAuditLogOptions & { readonly files: FileSystem }

export interface JsonlAuditLog extends AuditLog {
  status(): AuditLogStatus
}

export interface AuditLogStatus {
  /** The signed line of the last checkpoint. */
  readonly lastCheckpoint?: string
  /** What people should look at; records are written all the same. */
  readonly troubles: readonly string[]
}

/**
 * The audit log in files. An append resolves after its line is flushed; concurrent ones share one write and one flush.
 * When the disk refuses, those appends reject with GatewayError `audit_unavailable` and the chain goes on as if they had
 * never been; after a crash in that very moment they may be in it. Opening reads the log's end only, repairs what a crash
 * left and records that as `audit.recovered`. One writer at a time: a second one gets `audit_unavailable`.
 */
export async function jsonlAuditLog(options: JsonlAuditLogOptions): Promise<JsonlAuditLog> {
  const { directory, clock } = options
  const lock = await prepared(directory, clock)
  try {
    return await openLog({ ...options, files: options.files ?? nodeFileSystem }, lock)
  } catch (error) {
    await lock.release()
    throw error instanceof GatewayError ? error : unavailable(directory, error)
  }
}

/** What an open log is made of. */
interface Parts {
  readonly options: OpenOptions
  readonly resumed: Resumed
  readonly writer: SegmentWriter
  readonly head: HeadKeeper
  readonly checkpoints: CheckpointWriter
  /** How far the log and its checkpoints are on the disk. */
  readonly position: { link: Link; checkpoint: Link }
}

async function openLog(options: OpenOptions, lock: HeldLock): Promise<JsonlAuditLog> {
  const { directory, clock } = options
  const parts = await openParts(options)
  const { writer, head, checkpoints, resumed } = parts
  let closing: Promise<void> | undefined
  const queue = queueOf(parts, () => old.look())
  const append: AuditLog['append'] = async (event, how) => {
    if (closing) throw closed()
    return queue.add(toEventText(event), how)
  }
  // Its records are taken while we close, too: what was removed must not go unrecorded.
  const old = retentionOf(parts, (event) => queue.add(toEventText(event)))
  const close = async (): Promise<void> => {
    await old.close()
    await queue.drained()
    await checkpoints.close()
    try {
      await head.close()
    } catch (error) {
      throw unavailable(directory, error)
    } finally {
      await writer.close()
      await lock.release()
    }
  }
  await recordFindings(resumed, clock, append).catch(async (error: unknown) => {
    await writer.close()
    throw error
  })
  // What a crash left without a checkpoint gets one in time.
  checkpoints.advance(parts.position.link)
  old.look()
  return { append, close: () => (closing ??= close()), status: () => statusOf(checkpoints, old) }
}

const closed = (): GatewayError =>
  new GatewayError('audit_unavailable', 'The audit log is closed: the gateway is stopping.')

async function openParts(options: OpenOptions): Promise<Parts> {
  const { directory, files, key, clock, maxBytes = DEFAULT_SEGMENT_BYTES, sealMs = DEFAULT_SEAL_MS } = options
  const { signer, formerKeys = [] } = options.checkpoints
  const keys = [key, ...(options.formerKeys ?? [])] as const
  const resumed = await resume({ files, directory, keys, statementKeys: [signer.key, ...formerKeys] })
  const after = resumed.retained?.segment ?? 0
  const writer = await segmentWriter({ files, directory, maxBytes, from: resumed.segment, after })
  const head = headKeeper(sealMs, (state) => writeHead(files, directory, key, state))
  const position = { link: resumed.link, checkpoint: resumed.checkpoint.link }
  const checkpoints = checkpointWriter({
    files,
    directory,
    clock,
    settings: options.checkpoints,
    from: resumed.checkpoint,
    advanced(checkpoint) {
      position.checkpoint = checkpoint
      head.advance({ ...position })
    },
    failed: (error) => options.onTrouble?.(checkpointTrouble(error), error),
  })
  return { options, resumed, writer, head, checkpoints, position }
}

function queueOf({ options, writer, head, checkpoints, position }: Parts, segmentBegan: () => void) {
  const chain = chainOf(options.key, options.clock, writer, position.link)
  return commitQueue<string, void>({
    async commit(events) {
      const begins = writer.beginsNext() !== undefined
      position.link = await chain(events)
      head.advance({ ...position })
      checkpoints.advance(position.link)
      if (begins) segmentBegan()
      return events.map(() => ({ status: 'fulfilled', value: undefined }))
    },
    weigh: (event) => event.length,
    maxBatch: MAX_BATCH_BYTES,
    maxWaiting: MAX_WAITING_BYTES,
    lingerMs: LINGER_MS,
    full: () => new GatewayError('audit_unavailable', 'The audit log does not keep up: check whether its disk hangs.'),
  })
}

function retentionOf(
  { options, resumed, head, checkpoints }: Parts,
  append: (event: AuditEvent) => Promise<void>,
): Retention {
  const { directory, files, clock, key, formerKeys = [], retain = {} } = options
  const { signer, gateway, onSigned } = options.checkpoints
  return retention({
    directory,
    settings: retain,
    keys: [key, ...formerKeys],
    statementKeys: [signer.key, ...(options.checkpoints.formerKeys ?? [])],
    retained: resumed.retained,
    now: clock,
    record: (phase, detail) =>
      append({ ...ourEvent('audit.retained', clock, detail), phase, ...(phase === 'outcome' && { outcome: 'ok' }) }),
    remove: (next) =>
      checkpoints.removing(next.record.seq, async () => {
        // The head must never speak of a record that is gone.
        await head.seal()
        const line = await writeRetained(files, directory, signer, { ...next, gateway, at: clock() })
        onSigned?.(line)
        await removeSegments(files, directory, next.segment)
      }),
    failed: (trouble, error) => options.onTrouble?.(trouble, error),
  })
}

function statusOf(checkpoints: CheckpointWriter, old: Retention): AuditLogStatus {
  const last = checkpoints.last()
  const refused = checkpoints.trouble()
  const troubles = [refused === undefined ? undefined : checkpointTrouble(refused), old.trouble()]
  return {
    ...(last !== undefined && { lastCheckpoint: last }),
    troubles: troubles.filter((trouble) => trouble !== undefined),
  }
}

const checkpointTrouble = (error: unknown): string =>
  `The last checkpoint of the audit log could not be written: ${diskFailure(error)}. Records are written all the same.`

/** Seals events into lines that follow each other, and moves on only when they are written. */
function chainOf(
  key: Buffer,
  clock: Clock,
  writer: SegmentWriter,
  start: Link,
): (events: readonly string[]) => Promise<Link> {
  let link = start
  return async (events) => {
    const segment = writer.beginsNext()
    const first = segment === undefined ? [] : [toEventText(ourEvent('audit.segment', clock, { segment }))]
    const lines: string[] = []
    let next = link
    for (const event of [...first, ...events]) {
      const sealed = sealLine(key, next, event)
      lines.push(sealed.text)
      next = sealed.link
    }
    await writer.write(Buffer.from(lines.join('')))
    return (link = next)
  }
}

async function recordFindings({ findings }: Resumed, clock: Clock, append: AuditLog['append']): Promise<void> {
  await Promise.all(findings.map((detail) => append(ourEvent('audit.recovered', clock, detail))))
}

const ourEvent = (type: string, clock: Clock, detail: JsonObject): AuditEvent => ({
  type,
  phase: 'event',
  at: clock(),
  detail,
})

async function prepared(directory: string, clock: Clock): Promise<HeldLock> {
  try {
    await privateDirectory(directory)
    return await takeLock(join(directory, LOCK_FILE), { clock, owner: 'audit log' })
  } catch (error) {
    if (!(error instanceof GatewayError)) throw unavailable(directory, error)
    throw new GatewayError('audit_unavailable', error.message, { cause: error, data: error.data })
  }
}
