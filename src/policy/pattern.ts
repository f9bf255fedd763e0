import { RE2JS } from 're2js'

/** Texts longer than this are not looked at. */
export const MAX_PATTERN_INPUT = 10_000
/** Instructions of a compiled pattern: bounds what one character may cost. */
const MAX_PROGRAM = 2_500

export type PatternMatch = 'match' | 'no_match' | 'too_long'

/**
 * A linear-time matcher for the whole text (RE2; no back-references, no look-around).
 * Throws an Error that tells an admin what is wrong with the pattern.
 */
export function compilePattern(pattern: string): (text: string) => PatternMatch {
  const compiled = parse(pattern)
  return (text) => {
    if (text.length > MAX_PATTERN_INPUT) return 'too_long'
    return compiled.matches(text) ? 'match' : 'no_match'
  }
}

/** What is wrong with a pattern, for an admin; undefined when it can be used. */
export function problemOfPattern(pattern: string): string | undefined {
  try {
    parse(pattern)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'The pattern cannot be used.'
  }
}

function parse(pattern: string): RE2JS {
  const compiled = compile(pattern)
  if (compiled.programSize() <= MAX_PROGRAM) return compiled
  throw new Error('The pattern is too large once its repetitions are written out. Use smaller ones, or maxLength.')
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'it is not RE2'
    throw new Error(`The pattern cannot be used: ${reason}. Patterns are RE2: no look-around, no back-references.`, {
      cause,
    })
  }
}
