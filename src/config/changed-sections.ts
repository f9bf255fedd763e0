import { isDeepStrictEqual } from 'node:util'
import type { Config } from './schema.ts'

/** Sections that are read once; everything else takes effect while the gateway runs. */
const AT_START = ['organisation', 'server', 'store', 'audit', 'log'] as const

/** The sections that differ and need a restart, for a warning when a file is reloaded. */
export const changedAtStart = (before: Config, after: Config): readonly string[] =>
  AT_START.filter((section) => !isDeepStrictEqual(before[section], after[section]))
