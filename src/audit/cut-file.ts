import type { FileSystem } from '../store/file-system.ts'

/** Cuts a file to a size as one durable step. */
export async function cutFile(files: FileSystem, path: string, size: number): Promise<void> {
  const file = await files.open(path, 'a')
  try {
    await file.truncate(size)
    await file.datasync()
  } finally {
    await file.close()
  }
}
