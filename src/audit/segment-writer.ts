import { GatewayError } from '../kernel/errors.ts'
import { diskFailure } from '../store/disk-failure.ts'
import type { FileSystem, WritableFile } from '../store/file-system.ts'
import { PRIVATE_FILE, syncDirectory } from '../store/replace-file.ts'
import { segmentPath } from './segments.ts'

export interface SegmentWriter {
  /** The number of the segment that the next write begins; undefined when it goes on in the current one. */
  beginsNext(): number | undefined
  /** Resolves when the bytes are on the disk. When it rejects (`audit_unavailable`) they are cut off again before the next write. */
  write(bytes: Buffer): Promise<void>
  close(): Promise<void>
}

export interface SegmentWriterOptions {
  readonly files: FileSystem
  readonly directory: string
  /** A segment that has reached this is not written to any more. It is passed by one write at most. */
  readonly maxBytes: number
  readonly from: { readonly number: number; readonly size: number } | undefined
  /** The number of the last segment that there was, when there is none to go on in. */
  readonly after?: number
}

/** Appends to numbered files, one write and one flush at a time. */
export async function segmentWriter({
  files,
  directory,
  maxBytes,
  from,
  after = 0,
}: SegmentWriterOptions): Promise<SegmentWriter> {
  let number = from?.number ?? after
  let size = from?.size ?? 0
  let file = from && (await files.open(segmentPath(directory, number), 'a', PRIVATE_FILE))
  /** What a failed write left behind, to be removed first. */
  let mend: (() => Promise<void>) | undefined

  const append = async (to: WritableFile, bytes: Buffer): Promise<void> => {
    mend = async () => {
      await to.truncate(size)
      await to.datasync()
    }
    await to.writeFile(bytes)
    await to.datasync()
    size += bytes.length
  }
  const begin = async (bytes: Buffer): Promise<void> => {
    const path = segmentPath(directory, number + 1)
    // Appending from the start: after a cut the next write must not leave a hole.
    const next = await files.open(path, 'ax', PRIVATE_FILE)
    mend = async () => {
      await next.close()
      await files.unlink(path)
    }
    await next.writeFile(bytes)
    await next.datasync()
    await syncDirectory(files, directory)
    await file?.close().catch(() => undefined)
    ;[file, number, size] = [next, number + 1, bytes.length]
  }
  const beginsNext = (): number | undefined => (!file || size >= maxBytes ? number + 1 : undefined)
  const mended = async (): Promise<void> => {
    await mend?.()
    mend = undefined
  }
  return {
    beginsNext,
    async write(bytes) {
      try {
        await mended()
        await (file && !beginsNext() ? append(file, bytes) : begin(bytes))
        mend = undefined
      } catch (error) {
        // At once, so that refused records do not stand in the log meanwhile; when that fails too, the next write tries again.
        await mended().catch(() => undefined)
        throw unavailable(directory, error)
      }
    },
    async close() {
      await file?.close()
      file = undefined
    },
  }
}

/** What the disk's refusal means for those who must be recorded. */
export const unavailable = (directory: string, error: unknown): GatewayError =>
  new GatewayError('audit_unavailable', `The audit log in ${directory} cannot be written: ${diskFailure(error)}.`, {
    cause: error,
  })
