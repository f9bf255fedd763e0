import { stat } from 'node:fs/promises'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { FileSystem } from '../store/file-system.ts'
import { syncDirectory } from '../store/replace-file.ts'
import { cutFile } from './cut-file.ts'
import { type Head, readHead, writeHead } from './head.ts'
import { GENESIS, isGenuine, type Link, parseLine } from './line.ts'
import { readLinesBackwards } from './read-lines.ts'
import { removeSegments } from './remove-segments.ts'
import { type CheckpointPosition, resumeCheckpoints } from './resume-checkpoints.ts'
import { ALL_RETAINED, openRetained, type Retained, readRetainedText } from './retained.ts'
import { listSegments, segmentName, segmentPath } from './segments.ts'
import type { StatementKey } from './statement.ts'

/** Where an opened log goes on, and what had to be repaired or was found wrong on the way. */
export interface Resumed {
  /** The last segment; undefined when the next write begins one. */
  readonly segment: { readonly number: number; readonly size: number } | undefined
  readonly link: Link
  readonly checkpoint: CheckpointPosition
  /** What was removed as old; undefined when nobody can tell, because what says so was changed. */
  readonly retained: Retained | undefined
  /** Details of the `audit.recovered` events to write. */
  readonly findings: readonly JsonObject[]
}

/** How a segment ends. */
interface Ending {
  /** Of the whole lines. */
  readonly size: number
  /** Bytes after the last line feed. */
  readonly torn: number
  /** Lines after the last genuine one. */
  readonly damaged: number
  readonly link: Link | undefined
}

interface Tail extends Ending {
  readonly number: number
  readonly findings: readonly JsonObject[]
}

export interface ResumeOptions {
  readonly files: FileSystem
  readonly directory: string
  /** From the newest to the oldest, both. */
  readonly keys: readonly [Buffer, ...Buffer[]]
  readonly statementKeys: readonly StatementKey[]
}

/**
 * Finds where the chain goes on by reading the ends of the log and of its checkpoints only. A torn last line (never
 * acknowledged) is cut off; a damaged one is left as evidence. When the sealed head or the last checkpoint is ahead of the
 * log, records were lost: the chain then goes on from there, which leaves a gap that `verifyAudit` finds for ever. A removal
 * of old segments that was begun is finished. All of it becomes a finding, nothing is silent.
 */
export async function resume({ files, directory, keys, statementKeys }: ResumeOptions): Promise<Resumed> {
  const retained = openRetained(await readRetainedText(directory), statementKeys)
  const begin = retained ?? ALL_RETAINED
  const finished = await removeSegments(files, directory, begin.segment)
  const head = await readHead(directory, keys)
  const checkpoints = await resumeCheckpoints({ files, directory, keys: statementKeys, head, from: begin.checkpoint })
  const tail = await findTail(files, directory, keys)
  const base = tail?.link ?? begin.record
  const { checkpoint } = checkpoints
  if (!tail && head.state === 'missing' && !checkpoints.record && begin === ALL_RETAINED) {
    await writeHead(files, directory, keys[0], { link: GENESIS, checkpoint: GENESIS })
    return { segment: undefined, link: GENESIS, checkpoint, retained, findings: [] }
  }
  if (head.state !== 'sealed' && !tail?.link) throw untrusted(directory)
  const ahead = furthest(head, checkpoints.record)
  const findings = [
    ...(tail?.findings ?? []),
    ...notesOf(retained, finished, head),
    ...checkpoints.findings,
    ...lost(ahead, base, tail?.damaged),
  ]
  return { segment: tail, link: ahead.seq > base.seq ? ahead : base, checkpoint, retained, findings }
}

const notesOf = (retained: Retained | undefined, removed: number, head: Head): readonly JsonObject[] => [
  ...(retained ? [] : [{ reason: 'retained_damaged' }]),
  ...(removed === 0 ? [] : [{ reason: 'removal_finished', segments: removed }]),
  ...(head.state === 'sealed' ? [] : [{ reason: `head_${head.state}` }]),
]

/** What the head or a checkpoint says of the end, whichever is later. */
function furthest(head: Head, record: Link | undefined): Link {
  const sealed = head.state === 'sealed' ? head.link : GENESIS
  return record && record.seq > sealed.seq ? record : sealed
}

/** `damaged` lines stand in the log, so they are not among the lost. */
function lost(ahead: Link, tail: Link, damaged = 0): readonly JsonObject[] {
  const firstSeq = tail.seq + damaged + 1
  return ahead.seq < firstSeq ? [] : [{ reason: 'records_lost', firstSeq, lastSeq: ahead.seq }]
}

/** The end of the last segment that holds a whole line. A segment without one was never acknowledged and is removed. */
async function findTail(files: FileSystem, directory: string, keys: readonly Buffer[]): Promise<Tail | undefined> {
  const torn: JsonObject[] = []
  for (const number of (await listSegments(directory)).toReversed()) {
    const tail = await readTail(directory, number, keys)
    if (tail.torn > 0) torn.push({ reason: 'torn_line', file: segmentName(number), bytes: tail.torn })
    if (tail.size > 0) {
      if (tail.torn > 0) await cutFile(files, segmentPath(directory, number), tail.size)
      return { ...tail, number, findings: [...torn, ...damage(number, tail.damaged)] }
    }
    await files.unlink(segmentPath(directory, number))
    await syncDirectory(files, directory)
  }
  return undefined
}

const damage = (number: number, lines: number): readonly JsonObject[] =>
  lines === 0 ? [] : [{ reason: 'damaged_end', file: segmentName(number), lines }]

async function readTail(directory: string, number: number, keys: readonly Buffer[]): Promise<Ending> {
  const path = segmentPath(directory, number)
  const { size } = await stat(path)
  let torn = 0
  let damaged = 0
  for await (const line of readLinesBackwards(path)) {
    const parsed = line.ended ? parseLine(line.bytes) : undefined
    if (parsed && keys.some((key) => isGenuine(key, parsed))) {
      return { size: size - torn, torn, damaged, link: { seq: parsed.record.seq, hash: parsed.record.hash } }
    }
    if (line.ended) damaged++
    else torn = line.length
  }
  return { size: size - torn, torn, damaged, link: undefined }
}

const untrusted = (directory: string): GatewayError =>
  new GatewayError(
    'audit_unavailable',
    `The end of the audit log in ${directory} was not written with this key, or is damaged. Configure the former key, or move the directory away as evidence and start a new log.`,
  )
