import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The environment variable that a started process and everything below it carry; it tells ours from a reused process id. */
export const GROUP_MARKER = 'GATEHOUSE_GROUP'

export interface LedgerEntry {
  /** The id of the leader, and of the group. */
  readonly pid: number
  readonly marker: string
}

/** Knows which process groups run, so that the next start can end those that a `kill -9` of the gateway left behind. */
export interface ProcessLedger {
  add(entry: LedgerEntry): void
  remove(pid: number): void
}

/** A ledger that remembers nothing, for a gateway without a data directory. */
export const noLedger: ProcessLedger = { add: () => undefined, remove: () => undefined }

/**
 * A ledger of one small file per group in `directory`. Written before the server can do anything, in one call: a `kill -9`
 * of the gateway loses no entry (the page cache outlives the process). Well-behaved servers exit on the end of their
 * stdin anyway; this is for the others.
 */
export function fileLedger(directory: string): ProcessLedger {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return {
    add: ({ pid, marker }) => writeFileSync(join(directory, String(pid)), marker, { mode: 0o600 }),
    remove: (pid) => rmSync(join(directory, String(pid)), { force: true }),
  }
}

/**
 * Kills what an earlier gateway with the same `directory` left running, and answers how many processes that were. Call
 * it only while holding the store's lock: then whatever stands in the ledger belongs to nobody. A process is killed only
 * when its environment holds the entry's marker, so a reused process id is safe. Needs `/proc`; elsewhere it ends nothing
 * and leaves the entries to servers that exit on the end of their stdin.
 */
export function reapOrphans(directory: string): number {
  const markers = new Set(entriesOf(directory).map((pid) => readText(join(directory, pid))))
  markers.delete('')
  const orphans = markers.size === 0 ? [] : entriesOf('/proc').filter((pid) => markers.has(markerOf(pid)))
  const killed = orphans.filter((pid) => kill(Number(pid)))
  for (const pid of entriesOf(directory)) rmSync(join(directory, pid), { force: true })
  return killed.length
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => /^[0-9]+$/.test(name))
  } catch {
    return []
  }
}

function markerOf(pid: string): string {
  const prefix = `${GROUP_MARKER}=`
  const variable = readText(join('/proc', pid, 'environ'))
    .split('\0')
    .find((entry) => entry.startsWith(prefix))
  return variable?.slice(prefix.length) ?? ''
}

/** Processes come and go, and others' may not be read: what cannot be read holds no marker. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}
