import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { stepInto } from './pointer.ts'

/** Something about a policy that an admin must (error) or should (warning) look at. */
export interface PolicyProblem extends JsonObject {
  /** The rule's id; absent when the problem is outside of the rules. */
  readonly rule?: string
  /** JSON Pointer into the policy document. */
  readonly path: string
  /** What is wrong and what to do about it. */
  readonly message: string
  /** It may be nothing: not all sources have listed their tools yet. */
  readonly pending?: true
  /** Of two documents that are evaluated together, the one that `path` points into. */
  readonly origin?: 'declared' | 'managed'
}

/** A place in the document at which problems can be noted. */
export interface Place {
  /** The place one or more steps further down. */
  at(...tokens: readonly (string | number)[]): Place
  error(message: string): void
  /** A name that stands for nothing: an error when a document is saved, a warning when the world changed under it. */
  reference(message: string): void
  warn(message: string): void
  /** A name that may yet come to stand for something. */
  pending(message: string): void
}

export interface ProblemLog {
  readonly root: Place
  readonly warnings: readonly PolicyProblem[]
  rule(index: number, id: string): Place
  /** Throws GatewayError `policy_invalid` when there was an error; `data.problems` has them all. */
  throwErrors(): void
}

export interface ProblemLogOptions {
  readonly tolerant: boolean
  /** Finds a problem's place in the document that it was read from. */
  readonly locate?: ((problem: PolicyProblem) => PolicyProblem) | undefined
}

/** Collects everything that is wrong, so that an admin sees it at once and not one by one. */
export function problemLog({ tolerant, locate = (problem) => problem }: ProblemLogOptions): ProblemLog {
  const errors: PolicyProblem[] = []
  const warnings: PolicyProblem[] = []

  const place = (path: string, rule: string | undefined): Place => {
    const referenceProblems = tolerant ? warnings : errors
    const toProblem = (message: string): PolicyProblem =>
      locate({ ...(rule === undefined ? {} : { rule }), path, message })
    return {
      at: (...tokens) => place(tokens.reduce<string>(stepInto, path), rule),
      error: (message) => void errors.push(toProblem(message)),
      reference: (message) => void referenceProblems.push(toProblem(message)),
      warn: (message) => void warnings.push(toProblem(message)),
      pending: (message) => void warnings.push({ ...toProblem(message), pending: true }),
    }
  }

  return {
    root: place('', undefined),
    warnings,
    rule: (index, id) => place(`/rules/${index}`, id),
    throwErrors: () => {
      const [first, ...others] = errors
      if (!first) return
      const where = first.rule === undefined ? first.path : `rule "${first.rule}", ${first.path}`
      const more = others.length === 0 ? '' : ` (and ${others.length} more)`
      throw new GatewayError('policy_invalid', `The policy cannot be used: ${where}: ${first.message}${more}`, {
        data: { problems: errors },
      })
    },
  }
}
