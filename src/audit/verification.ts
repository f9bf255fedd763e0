/** Why a log is not what was written. */
export type Fault =
  /** The bytes of a line were changed. */
  | 'damaged'
  /** One or more lines before this one are gone. */
  | 'missing'
  /** A genuine line that stands too early or too late, or twice. */
  | 'reordered'
  /** A genuine line of another history of this log. */
  | 'foreign'
  /** A whole file is gone. */
  | 'missing_segment'
  /** The end of the log was cut off. */
  | 'truncated'
  | 'head_missing'
  | 'head_damaged'

/** Where a log stops being right: the file, the line in it (from 1), and the number of the record that should stand there. */
export interface Failure {
  readonly file: string
  readonly line: number
  readonly seq: number
  readonly reason: Fault
  readonly detail: string
}

/**
 * What a check of the whole log found. `records` and `segments` count what is good before the first fault; `notes` tell of
 * what is no fault but of interest to an auditor: recoveries, a clock that went back.
 */
export type Verification = {
  readonly records: number
  readonly segments: number
  readonly notes: readonly string[]
} & ({ readonly ok: true } | ({ readonly ok: false } & Failure))
