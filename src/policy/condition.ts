import type { Json } from '../kernel/json.ts'

/** `allow` and `require` hold when all is certain; `deny` holds unless something is certainly not so. */
export type RuleEffect = 'allow' | 'deny' | 'require'

/** Why a condition does not hold, as a demand on the caller: `/to/1 must be an email address at corp.com`. */
export interface Failure {
  readonly note: string
  /** False when nobody can tell: a missing argument, a wrong type, an exception. */
  readonly certain: boolean
}

/** Undefined when the condition holds. */
export type Test<T> = (value: T) => Failure | undefined

/** What the conditions of a rule are asked about. */
export interface Circumstances {
  readonly input: Json
  /** Milliseconds since the epoch. */
  readonly at: number
  /** What the agent's run has seen; absent when nobody knows. */
  readonly labels?: ReadonlySet<string> | undefined
}

/** The condition is certainly not so. */
export const no = (note: string): Failure => ({ note, certain: true })
/** Whether the condition is so cannot be told. */
export const unsure = (note: string): Failure => ({ note, certain: false })

/**
 * All tests together, in three-valued logic. The first failure is the answer; for a deny, a certain failure goes
 * before an uncertain one, because it alone keeps the deny from matching.
 */
export function allOf<T>(tests: readonly Test<T>[], effect: RuleEffect): Test<T> {
  if (effect !== 'deny') {
    return (value) => {
      for (const test of tests) {
        const failure = test(value)
        if (failure) return failure
      }
      return undefined
    }
  }
  return (value) => {
    let doubt: Failure | undefined
    for (const test of tests) {
      const failure = test(value)
      if (failure?.certain) return failure
      doubt ??= failure
    }
    return doubt
  }
}

/** Fail closed: an uncertain condition of a deny counts as satisfied, of an allow or require as not satisfied. */
export const isSatisfied = (failure: Failure, effect: RuleEffect): boolean => effect === 'deny' && !failure.certain

/** A test that throws is a test that cannot tell. */
export function guarded<T>(test: Test<T>): Test<T> {
  return (value) => {
    try {
      return test(value)
    } catch {
      return unsure('its condition could not be evaluated')
    }
  }
}
