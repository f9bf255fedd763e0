import { type FileSystem, nodeFileSystem, type WritableFile } from '../../src/store/file-system.ts'

export type Step = 'open' | 'write' | 'truncate' | 'datasync' | 'sync' | 'close' | 'rename' | 'unlink'

export interface FailingFiles {
  readonly files: FileSystem
  /** Every step that was tried, as `write store.json`. */
  readonly steps: string[]
  /** From now on, a step for which this gives a code (`ENOSPC`, `EIO`) fails with it; a failing write leaves half of its bytes. */
  failWhen(rule: (step: Step, path: string) => string | undefined): void
}

/** The real file system with a disk that fills up or breaks when the test says so. */
export function failingFiles(): FailingFiles {
  let rule: (step: Step, path: string) => string | undefined = () => undefined
  const steps: string[] = []
  const attempt = (step: Step, path: string): void => {
    steps.push(`${step} ${path.slice(path.lastIndexOf('/') + 1)}`)
    const code = rule(step, path)
    if (code) throw Object.assign(new Error(`${code}: injected, ${step}`), { code })
  }
  const wrap = (file: WritableFile, path: string): WritableFile => ({
    async writeFile(data) {
      try {
        attempt('write', path)
      } catch (error) {
        await file.writeFile(data.slice(0, data.length / 2))
        throw error
      }
      await file.writeFile(data)
    },
    truncate: async (length) => (attempt('truncate', path), file.truncate(length)),
    datasync: async () => (attempt('datasync', path), file.datasync()),
    sync: async () => (attempt('sync', path), file.sync()),
    close: () => file.close(),
  })
  return {
    steps,
    failWhen: (next) => (rule = next),
    files: {
      open: async (path, flags, mode) => (
        attempt('open', path),
        wrap(await nodeFileSystem.open(path, flags, mode), path)
      ),
      rename: async (from, to) => (attempt('rename', to), nodeFileSystem.rename(from, to)),
      unlink: async (path) => (attempt('unlink', path), nodeFileSystem.unlink(path)),
    },
  }
}
