import { RE2JS } from 're2js'

const MAX_PATTERN = 500
/** Instructions of a compiled pattern: bounds what one character may cost. */
const MAX_PROGRAM = 2_500

/** What is wrong with the pattern of a field, in words; undefined when it can be used. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `longer than ${MAX_PATTERN} characters`
  try {
    return RE2JS.compile(pattern).programSize() > MAX_PROGRAM
      ? 'too large once its repetitions are written out'
      : undefined
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unreadable'
    return `not RE2 (no look-around, no back-references, no count above 1000; {8,} has no upper end): ${reason}`
  }
}

/** Whether a text has the pattern somewhere in it, in time linear in the text (RE2); throws for an unusable pattern. */
export const hasPattern = (pattern: string, text: string): boolean => RE2JS.compile(pattern).matcher(text).find()
