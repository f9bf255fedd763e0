import { join } from 'node:path'
import type { FileSystem } from '../store/file-system.ts'
import { PRIVATE_FILE, syncDirectory, temporaryPath } from '../store/replace-file.ts'
import { CHECKPOINT_FILE, openCheckpoint } from './checkpoint.ts'
import { checkpointLines } from './read-checkpoints.ts'
import type { StatementKey } from './statement.ts'

/** What is written at once when the file is copied. */
const CHUNK_BYTES = 65_536

export interface CheckpointFile {
  /** Resolves when the line is on the disk; what a failed write left behind is cut off before the next one. */
  append(line: string): Promise<void>
  /** Removes the checkpoints that speak only of records up to this number, as one step. */
  prune(upToSeq: number, keys: readonly StatementKey[]): Promise<void>
}

/** `size`: that of the whole lines in the file, 0 when there is none. Open only while it is written: that is seldom. */
export function checkpointFile(files: FileSystem, directory: string, size: number): CheckpointFile {
  const path = join(directory, CHECKPOINT_FILE)
  let end = size
  let isTorn = false
  return {
    async append(line) {
      const bytes = Buffer.from(`${line}\n`)
      const file = await files.open(path, 'a', PRIVATE_FILE)
      try {
        if (isTorn) await file.truncate(end)
        isTorn = true
        await file.writeFile(bytes)
        await file.datasync()
        if (end === 0) await syncDirectory(files, directory)
        end += bytes.length
        isTorn = false
      } finally {
        await file.close()
      }
    },
    async prune(upToSeq, keys) {
      const temporary = temporaryPath(path)
      try {
        const kept = await copyLater(files, path, temporary, (line) => lastSeqOf(line, keys) > upToSeq)
        await files.rename(temporary, path)
        ;[end, isTorn] = [kept, false]
      } catch (error) {
        await files.unlink(temporary).catch(() => undefined)
        throw error
      }
      await syncDirectory(files, directory)
    },
  }
}

/** Whole lines from the first that is wanted on; gives their bytes. */
async function copyLater(
  files: FileSystem,
  path: string,
  to: string,
  isWanted: (line: string) => boolean,
): Promise<number> {
  const copy = await files.open(to, 'ax', PRIVATE_FILE)
  let [pending, size, hasBegun] = ['', 0, false]
  const flush = async (): Promise<void> => {
    await copy.writeFile(pending)
    size += Buffer.byteLength(pending)
    pending = ''
  }
  try {
    for await (const { bytes, ended } of checkpointLines(path)) {
      const line = bytes.toString('utf8')
      hasBegun ||= isWanted(line)
      if (ended && hasBegun) pending += `${line}\n`
      if (pending.length > CHUNK_BYTES) await flush()
    }
    await flush()
    await copy.sync()
  } finally {
    await copy.close()
  }
  return size
}

/** A line that cannot be read is kept as evidence. */
const lastSeqOf = (line: string, keys: readonly StatementKey[]): number =>
  openCheckpoint(line, keys)?.checkpoint.lastSeq ?? Number.POSITIVE_INFINITY
