import type { GatewayError } from '../kernel/errors.ts'
import type { ConfigProblem } from './problems.ts'

/** The file behind a configuration. */
export interface ConfigSource {
  /** As it was given; stands in messages. */
  readonly path: string
  /** Absolute; what relative paths in the file are relative to. */
  readonly directory: string
  /** The error for problems that are found later, with their lines and columns in this file. */
  invalid(problems: readonly ConfigProblem[]): GatewayError
}
