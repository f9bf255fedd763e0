import type { FileSystem } from '../store/file-system.ts'
import { syncDirectory } from '../store/replace-file.ts'
import { listSegments, segmentPath } from './segments.ts'

/** Removes the segments up to this one, the oldest first, and gives how many there were. Safe to do again. */
export async function removeSegments(files: FileSystem, directory: string, upTo: number): Promise<number> {
  const numbers = (await listSegments(directory)).filter((number) => number <= upTo)
  for (const number of numbers) await files.unlink(segmentPath(directory, number))
  if (numbers.length > 0) await syncDirectory(files, directory)
  return numbers.length
}
