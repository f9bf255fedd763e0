import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { errorCode } from '../store/file-system.ts'
import { MAX_EVENT_BYTES } from './event-text.ts'

export const CHUNK_BYTES = 65_536
const LINE_FEED = 0x0a
/** Longer than any line that was written here. Of such a line only this much is kept; it is damaged anyway. */
const MAX_LINE_BYTES = 2 * MAX_EVENT_BYTES

/** A line without its line feed. `length` is what it takes in the file, line feed included. */
export interface RawLine {
  readonly bytes: Buffer
  readonly length: number
  /** False for what stands after the last line feed: a write that was cut off or is under way. */
  readonly ended: boolean
}

const NOTHING = Buffer.alloc(0)

/** The lines of a file from an offset on, with memory for one chunk and one line. */
export const readLines = (path: string, start = 0): AsyncGenerator<RawLine, void, undefined> =>
  linesOf(createReadStream(path, { start, highWaterMark: CHUNK_BYTES }))

/** The lines of what a stream gives, with memory for one chunk and one line. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<RawLine, void, undefined> {
  let line: RawLine = { bytes: NOTHING, length: 0, ended: false }
  for await (const chunk of chunks) {
    for (const [index, piece] of piecesOf(chunk).entries()) {
      if (index > 0) {
        yield { bytes: line.bytes, length: line.length + 1, ended: true }
        line = { bytes: NOTHING, length: 0, ended: false }
      }
      line = {
        ...line,
        bytes: joined(line.bytes, piece).subarray(0, MAX_LINE_BYTES),
        length: line.length + piece.length,
      }
    }
  }
  if (line.length > 0) yield line
}

/** The lines of a file from the last to the first. What stands after the last line feed comes first, when there is any. */
export async function* readLinesBackwards(path: string): AsyncGenerator<RawLine, void, undefined> {
  let line: RawLine = { bytes: NOTHING, length: 0, ended: false }
  for await (const chunk of chunksBackwards(path)) {
    for (const [index, piece] of piecesOf(chunk).toReversed().entries()) {
      if (index > 0 && line.length > 0) yield line
      if (index > 0) line = { bytes: NOTHING, length: 1, ended: true }
      line = { ...line, bytes: joined(piece, line.bytes).subarray(-MAX_LINE_BYTES), length: line.length + piece.length }
    }
  }
  if (line.length > 0) yield line
}

/** Nothing where the file is gone: it may have been removed as old since it was listed. */
export async function* ifThere(lines: AsyncIterable<RawLine>): AsyncGenerator<RawLine, void, undefined> {
  try {
    yield* lines
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
}

async function* chunksBackwards(path: string): AsyncGenerator<Buffer, void, undefined> {
  const file = await open(path, 'r')
  try {
    let { size: position } = await file.stat()
    while (position > 0) {
      const length = Math.min(CHUNK_BYTES, position)
      position -= length
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** What stands before, between and after the line feeds of a chunk: one piece more than there are line feeds. */
function piecesOf(chunk: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = []
  let from = 0
  for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
    pieces.push(chunk.subarray(from, end))
    from = end + 1
  }
  return [...pieces, chunk.subarray(from)]
}

const joined = (first: Buffer, second: Buffer): Buffer => {
  if (first.length === 0) return second
  return second.length === 0 ? first : Buffer.concat([first, second])
}
