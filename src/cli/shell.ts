import type { CheckOptions } from '../admin/check.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Compose, CommandLog, Holder } from './house.ts'

/** Everything a command touches outside of itself. The process makes one; a test makes its own. */
export interface Shell {
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: AsyncIterable<Uint8Array | string>
  stdout(text: string): void
  /** Resolves when whoever reads our output has taken enough of it: to wait for before writing much more. */
  drained(): Promise<void>
  stderr(text: string): void
  readonly color: boolean
  /** The width of the terminal; undefined when the output goes elsewhere. */
  readonly columns?: number | undefined
  readonly clock: Clock
  readonly fetch: typeof fetch
  /** Where to log. `LOG_LEVEL` overrules the level; so does the configuration, unless it is `fixed`. */
  log(level: LogLevel, options?: { readonly fixed: boolean }): Promise<CommandLog>
  onSignal(signal: ProcessSignal, listener: () => void): () => void
  /** Ends the process now, whatever still runs. */
  exit(code: number): void
  readonly compose: Compose
  /** Who holds the store in this directory; undefined when nobody alive does. */
  readHolder(directory: string): Promise<Holder | undefined>
  /** What is known of a configuration without starting anything. */
  readonly declaredWorld: CheckOptions['declaredWorld']
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
export type ProcessSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'
