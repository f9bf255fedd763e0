import { chmod, mkdir, stat } from 'node:fs/promises'
import { PRIVATE_DIRECTORY } from './replace-file.ts'

/** Makes the directory when it is missing and closes it to everyone but its owner (0700). Throws system errors. */
export async function privateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY })
  const { mode } = await stat(directory)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) await chmod(directory, PRIVATE_DIRECTORY)
}
