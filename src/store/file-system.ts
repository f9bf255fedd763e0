import { open, rename, unlink } from 'node:fs/promises'

/** What durable writing needs of an open file. `writeFile` writes everything or throws, after what was written before and, with `a` or `ax`, at the end of the file. */
export interface WritableFile {
  writeFile(data: string | Uint8Array): Promise<void>
  truncate(length: number): Promise<void>
  datasync(): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The writing side of `node:fs/promises`, as a port: a test can fill the disk or break it at any step. */
export interface FileSystem {
  open(path: string, flags: 'wx' | 'ax' | 'a' | 'r', mode?: number): Promise<WritableFile>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

export const nodeFileSystem: FileSystem = { open, rename, unlink }

/** The `code` of a system error such as `ENOENT`, else undefined. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
