import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode } from '../store/file-system.ts'

const NAME = /^audit-(\d{6,12})\.jsonl$/

/** `audit-000001.jsonl`, and so on: each file of a log begins where the one before ended. */
export const segmentName = (number: number): string => `audit-${String(number).padStart(6, '0')}.jsonl`

export const segmentPath = (directory: string, number: number): string => join(directory, segmentName(number))

/** The numbers of the segments that are there, ascending; none when the directory is missing. */
export async function listSegments(directory: string): Promise<readonly number[]> {
  try {
    return segmentNumbers(await readdir(directory))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

export const segmentNumbers = (names: readonly string[]): readonly number[] =>
  names
    .map((name) => Number(NAME.exec(name)?.[1]))
    .filter((number) => number > 0)
    .sort((a, b) => a - b)
