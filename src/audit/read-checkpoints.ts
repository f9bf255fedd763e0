import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../store/file-system.ts'
import { CHECKPOINT_FILE, openCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { CHUNK_BYTES, linesOf, type RawLine, readLinesBackwards } from './read-lines.ts'
import type { StatementKey } from './statement.ts'

/** The lines of the file as it is at this moment, whatever is appended or replaced meanwhile; none when it is missing. */
export async function* checkpointLines(path: string): AsyncGenerator<RawLine, void, undefined> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  })
  if (!file) return
  try {
    const { size } = await file.stat()
    if (size > 0) yield* linesOf(file.createReadStream({ end: size - 1, highWaterMark: CHUNK_BYTES, autoClose: false }))
  } finally {
    await file.close()
  }
}

/** How the file ends: its last genuine checkpoint, and what is wrong after it. */
export interface CheckpointEnding {
  readonly last: SignedCheckpoint | undefined
  /** Of the whole lines. */
  readonly size: number
  /** Bytes after the last line feed. */
  readonly torn: number
  /** Whole lines after the last genuine checkpoint. */
  readonly damaged: number
}

/** Reads the end of the file only. */
export async function readCheckpointEnding(
  directory: string,
  keys: readonly StatementKey[],
): Promise<CheckpointEnding> {
  const path = join(directory, CHECKPOINT_FILE)
  const whole = await sizeOf(path)
  if (whole === 0) return { last: undefined, size: 0, torn: 0, damaged: 0 }
  let [torn, damaged] = [0, 0]
  for await (const { bytes, length, ended } of readLinesBackwards(path)) {
    const last = ended ? openCheckpoint(bytes.toString('utf8'), keys)?.checkpoint : undefined
    if (last) return { last, size: whole - torn, torn, damaged }
    if (ended) damaged++
    else torn = length
  }
  return { last: undefined, size: whole - torn, torn, damaged }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0
    throw error
  }
}
