import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import type { FileSystem } from './file-system.ts'

/** Only the owner reads and writes what the gateway keeps. */
export const PRIVATE_FILE = 0o600
export const PRIVATE_DIRECTORY = 0o700

/** A file's content, whole or piece by piece. */
export type FileContent = string | Uint8Array | Iterable<string>

const isWhole = (data: FileContent): data is string | Uint8Array =>
  typeof data === 'string' || data instanceof Uint8Array

/** A name for a file in the making, beside the file it will become. It names the process, so that leftovers can be told. */
export const temporaryPath = (path: string): string => `${path}.${process.pid}.${randomBytes(8).toString('hex')}.tmp`

/**
 * Replaces a file as one step: readers see the old or the new content, after a crash too. Resolves when the content and
 * its name are on the disk. When it throws, the old content is in place; only when the directory's own fsync failed
 * (a dying disk) is it open which of the two a crash would leave.
 */
export async function replaceFile(files: FileSystem, path: string, data: FileContent): Promise<void> {
  const temporary = temporaryPath(path)
  try {
    await writeNewFile(files, temporary, data)
    await files.rename(temporary, path)
  } catch (error) {
    await files.unlink(temporary).catch(() => undefined)
    throw error
  }
  await syncDirectory(files, dirname(path))
}

/** Makes a file that must not exist yet, mode 0600, and flushes its content. */
export async function writeNewFile(files: FileSystem, path: string, data: FileContent): Promise<void> {
  const file = await files.open(path, 'wx', PRIVATE_FILE)
  try {
    for (const piece of isWhole(data) ? [data] : data) await file.writeFile(piece)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes names that were added, renamed or removed in a directory durable. Windows cannot open one and needs it not. */
export async function syncDirectory(files: FileSystem, directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await files.open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
