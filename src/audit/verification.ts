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
  /** A record is not the one that a checkpoint signed: somebody with the log's key wrote it anew. */
  | 'rewritten'
  /** A checkpoint was changed, or signed by nobody we know. */
  | 'checkpoint_damaged'
  /** One or more checkpoints before this one, or after the last, are gone. */
  | 'checkpoint_missing'
  /** A genuine checkpoint that stands too late, or twice. */
  | 'checkpoint_reordered'
  /** A genuine checkpoint of another history of this log. */
  | 'checkpoint_foreign'
  /** What says where the log begins since old records were removed was changed. */
  | 'retained_damaged'

/** Where a log stops being right: the file, the line in it (from 1), and the number of the record that should stand there. */
export interface Failure {
  readonly file: string
  readonly line: number
  readonly seq: number
  readonly reason: Fault
  readonly detail: string
}

/**
 * What a check of the whole log found. `records`, `segments` and `checkpoints` count what is there and good before the first
 * fault; `notes` tell of what is no fault but of interest to an auditor: recoveries, a clock that went back, old records
 * that were removed, records that are under no checkpoint yet.
 */
export type Verification = {
  readonly records: number
  readonly segments: number
  readonly checkpoints: number
  readonly notes: readonly string[]
} & ({ readonly ok: true } | ({ readonly ok: false } & Failure))
