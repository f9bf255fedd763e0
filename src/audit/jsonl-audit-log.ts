import { join } from 'node:path'
import type { AuditEvent, AuditLog } from '../kernel/audit.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { commitQueue } from '../store/commit-queue.ts'
import { type FileSystem, nodeFileSystem } from '../store/file-system.ts'
import { type HeldLock, takeLock } from '../store/lock-file.ts'
import { privateDirectory } from '../store/private-directory.ts'
import { toEventText } from './event-text.ts'
import { writeHead } from './head.ts'
import { headKeeper } from './head-keeper.ts'
import { type Link, sealLine } from './line.ts'
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
  /** Made when missing, mode 0700. Holds `audit-<number>.jsonl`, `head.json` and `audit.lock`, all 0600. */
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
  readonly files?: FileSystem
}

/**
 * The audit log in files. An append resolves after its line is flushed; concurrent ones share one write and one flush.
 * When the disk refuses, those appends reject with GatewayError `audit_unavailable` and the chain goes on as if they had
 * never been; after a crash in that very moment they may be in it. Opening reads the log's end only, repairs what a crash
 * left and records that as `audit.recovered`. One writer at a time: a second one gets `audit_unavailable`.
 */
export async function jsonlAuditLog(options: JsonlAuditLogOptions): Promise<AuditLog> {
  const { directory, clock } = options
  const lock = await prepared(directory, clock)
  try {
    return await openLog({ ...options, files: options.files ?? nodeFileSystem }, lock)
  } catch (error) {
    await lock.release()
    throw error instanceof GatewayError ? error : unavailable(directory, error)
  }
}

async function openLog(
  options: JsonlAuditLogOptions & { readonly files: FileSystem },
  lock: HeldLock,
): Promise<AuditLog> {
  const { directory, files, key, clock, maxBytes = DEFAULT_SEGMENT_BYTES, sealMs = DEFAULT_SEAL_MS } = options
  const resumed = await resume(files, directory, [key, ...(options.formerKeys ?? [])])
  const writer = await segmentWriter({ files, directory, maxBytes, from: resumed.segment })
  const head = headKeeper(sealMs, (link) => writeHead(files, directory, key, link))
  const chain = chainOf(key, clock, writer, resumed.link)
  const queue = commitQueue<string, void>({
    async commit(events) {
      head.advance(await chain(events))
      return events.map(() => ({ status: 'fulfilled', value: undefined }))
    },
    weigh: (event) => event.length,
    maxBatch: MAX_BATCH_BYTES,
    maxWaiting: MAX_WAITING_BYTES,
    lingerMs: LINGER_MS,
    full: () => new GatewayError('audit_unavailable', 'The audit log does not keep up: check whether its disk hangs.'),
  })
  let closing: Promise<void> | undefined
  const append: AuditLog['append'] = async (event, how) => {
    if (closing) throw new GatewayError('audit_unavailable', 'The audit log is closed: the gateway is stopping.')
    return queue.add(toEventText(event), how)
  }
  const close = async (): Promise<void> => {
    await queue.drained()
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
  return { append, close: () => (closing ??= close()) }
}

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
    const lines: Buffer[] = []
    let next = link
    for (const event of [...first, ...events]) {
      const sealed = sealLine(key, next, event)
      lines.push(sealed.bytes)
      next = sealed.link
    }
    await writer.write(Buffer.concat(lines))
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
