import { errorCode } from './file-system.ts'

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full; make room',
  EDQUOT: 'the disk quota is used up; make room',
  EACCES: 'access is denied; give the directory to the user that runs the gateway',
  EPERM: 'access is denied; give the directory to the user that runs the gateway',
  EROFS: 'the file system is read-only; choose another directory',
  EIO: 'the disk fails; check its health',
  ENOENT: 'it is gone; put it back and restart the gateway',
  EMFILE: 'too many files are open; raise the limit (ulimit -n)',
}

/** Why the disk refused and what to do about it, as the end of a sentence. */
export function diskFailure(error: unknown): string {
  const code = errorCode(error)
  return (code !== undefined && REASONS[code]) || `the disk refused${code === undefined ? '' : ` (${code})`}`
}
