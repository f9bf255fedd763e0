import type { Socket } from 'node:net'
import type { CheckOptions } from '../admin/check.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Compose, CommandLog, Holder, OwnerOptions, Work, WorkOptions } from './house.ts'

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
  /** Asks whoever sits at the terminal; absent when nobody does. */
  readonly terminal?: Terminal | undefined
  readonly clock: Clock
  readonly fetch: typeof fetch
  /** Where to log. `LOG_LEVEL` overrules the level; so does the configuration, unless it is `fixed`. */
  log(level: LogLevel, options?: { readonly fixed: boolean }): Promise<CommandLog>
  onSignal(signal: ProcessSignal, listener: () => void): () => void
  /** Ends the process now, whatever still runs. */
  exit(code: number): void
  readonly compose: Compose
  /** Takes requests for the owner of a gateway with workers. */
  readonly work: (options: WorkOptions) => Promise<Work>
  /** Starts this program again, as the processes of one gateway. */
  readonly processes: (options: ProcessesWanted) => Promise<RunningProcesses>
  /** What started this process as a part of a gateway with workers; undefined for any other process. */
  readonly parent: ParentProcess | undefined
  /** Processors that this process may use. */
  readonly cores: number
  /** Who holds the store in this directory; undefined when nobody alive does. */
  readHolder(directory: string): Promise<Holder | undefined>
  /** What is known of a configuration without starting anything. */
  readonly declaredWorld: CheckOptions['declaredWorld']
}

/** What `serve` asks of the processes of a gateway. */
export interface ProcessesWanted {
  readonly workers: number
  tell(text: string): void
}

export interface RunningProcesses {
  /** The exit code for all of them, once they have ended. */
  readonly ended: Promise<number>
  stop(): void
  reload(): void
}

/** The process that started this one, and what it was started as. */
export interface ParentProcess {
  readonly role: Omit<OwnerOptions, 'listen'> & { readonly role: 'owner' | 'worker'; readonly worker: number }
  readonly stop: AbortSignal
  onReload(listener: () => void): void
  ready(): void
  listen(host: string, port: number): Promise<number>
  onConnection(listener: (connection: Socket) => void): void
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
export type ProcessSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

export interface Terminal {
  /** One line. `hidden` shows nothing of what is typed. */
  ask(question: string, options: { readonly hidden: boolean }): Promise<string>
  /** Opens the page in the person's browser, if there is a way to. */
  browse(url: string): void
}
