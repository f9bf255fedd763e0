import type { Socket } from 'node:net'
import type { Log } from '../gateway/gateway.ts'
import type { ConnectionStatus } from '../kernel/connection.ts'
import type { Secret } from '../kernel/secret.ts'

/** How the house is run: with its doors open, for one command, or for one agent on stdin and stdout. */
export type HouseMode = 'serve' | 'command' | 'stdio'

export interface ComposeOptions {
  readonly configPath: string
  readonly mode: HouseMode
  readonly log: CommandLog
  /** Stand above the configuration. Port 0 lets the system choose. */
  readonly listen?: { readonly host?: string; readonly port?: number }
  /** Makes this process the owner of workers that serve HTTP for it. */
  readonly owner?: OwnerOptions
  /** False takes every call the complete way, in and out. For comparing it with the lean one. */
  readonly lean?: boolean
}

export interface OwnerOptions {
  /** The private folder in which owner and workers meet. */
  readonly directory: string
  readonly workers: number
  /** An owner was here before. */
  readonly again: boolean
  /** Has the port opened that workers get connections from; gives it. Throws `port_in_use`, `usage`. */
  readonly listen: (host: string, port: number) => Promise<number>
}

export interface WorkOptions {
  readonly directory: string
  /** From 1 on. */
  readonly worker: number
  readonly log: CommandLog
  /** Called each time that the worker is ready to serve for an owner. */
  readonly onReady: () => void
}

/** A worker that runs. */
export interface Work {
  /** Serves a connection to the gateway's port. */
  take(connection: Socket): void
  /** Rejects when the worker cannot go on, such as for `port_in_use`. */
  readonly ended: Promise<void>
  /** Takes no more requests, lets running ones finish, and ends. */
  close(): Promise<void>
}

/** The log that a command hands in; the house sets its level once the configuration is read. */
export interface CommandLog extends Log {
  setLevel(level: string): void
}

/** Builds the house. Throws GatewayError: `config_invalid`, `policy_invalid`, `store_locked`, … and then nothing stays behind. */
export type Compose = (options: ComposeOptions) => Promise<House>

/** The whole HTTP application, asked in process. */
export interface Application {
  request(path: string, init?: RequestInit): Response | Promise<Response>
}

/** A running gateway, as the commands use it. */
export interface House {
  readonly app: Application
  /** What `/api` asks for. */
  readonly adminToken: Secret
  /** Opens the HTTP door and publishes it in the lock; `port_in_use`. In `stdio` mode on a loopback port of the system's choice. */
  listen(): Promise<{ readonly url: string }>
  /**
   * Speaks MCP on stdin and stdout as this agent, of a toolset or of everything. Resolves when the input ends;
   * `not_found` for an agent that is not registered and a toolset that is not configured.
   */
  serveStdio(agent: string, toolset?: string): Promise<void>
  /** Resolves when every enabled connection is active or has failed once, at the latest after `timeoutMs`. */
  settled(timeoutMs: number): Promise<void>
  /** Of every connection, ordered by name. */
  statuses(): readonly ConnectionStatus[]
  /** Called whenever a connection's state or the snapshot changes, until the returned function is called. */
  onChange(listener: () => void): () => void
  /** Reads the configuration again; a bad edit is told in the log and in `status`. */
  reload(): Promise<void>
  /** Ends calls, children and files in reverse order of building. */
  close(): Promise<void>
}

/** Who holds the store of a directory: the facts of its lock file. */
export interface Holder {
  readonly pid: number
  readonly since: number
  /** What it was started as, such as `gatehouse serve`. */
  readonly owner: string
  /** Absent while the holder has no open HTTP door. */
  readonly url?: string
  readonly token?: Secret
}
