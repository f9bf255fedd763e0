import type { Egress } from '../egress/egress.ts'
import type { Clock } from '../kernel/clock.ts'
import type { CredentialOwnership, CredentialsOf, Subject } from '../kernel/credential.ts'
import { Secret } from '../kernel/secret.ts'
import type { ProcessLedger } from './process-ledger.ts'
import type { Schedule } from './schedule.ts'
import type { Verdicts } from './verdicts.ts'

export type SecretText = string | Secret

/** How to reach a downstream MCP server. */
export type McpTransport =
  | {
      readonly kind: 'stdio'
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, SecretText>>
      readonly cwd?: string
    }
  | {
      /** `http` is Streamable HTTP; `sse` is the transport of 2024-11-05 that it replaced. */
      readonly kind: 'http' | 'sse'
      readonly url: URL
      readonly headers: Readonly<Record<string, SecretText>>
      /** Whether a server that does not know Streamable HTTP is tried with SSE. */
      readonly fallbackToSse: boolean
      readonly allowPrivateNetwork: boolean
    }

/** Milliseconds. */
export interface McpTimeouts {
  /** From the start to the list of tools. */
  readonly connectMs: number
  /** How long a call may be silent; progress starts it anew. */
  readonly idleMs: number
  /** How long a call may take, whatever it reports. */
  readonly totalMs: number
}

export const DEFAULT_TIMEOUTS: McpTimeouts = { connectMs: 30_000, idleMs: 60_000, totalMs: 600_000 }

/** The protocol of a server: MCP 2026-07-28 is `modern`, everything before is `legacy`. */
export type Era = 'legacy' | 'modern'

/** Whose credentials a server is used with. Over HTTP they travel in headers, to a process in its environment. */
export interface McpAuth {
  readonly credentials: CredentialsOf
  /** With `per_user` every call runs on a line of its own person. */
  readonly ownership: CredentialOwnership
  /** Whose credential lists the tools; the shared one when left out. */
  readonly listedAs?: Subject
}

/** A downstream MCP server as the config describes it. */
export interface McpSpec {
  readonly connection: string
  readonly transport: McpTransport
  readonly timeouts?: Partial<McpTimeouts>
  /** Forces the era: the server is not probed, and not tried with the other one. */
  readonly era?: Era
  /** An admin's explicit word that this server's annotations are true; otherwise they may only raise an effect. */
  readonly trustAnnotations: boolean
  /** Absent when the transport's own headers or environment are all that there is. */
  readonly auth?: McpAuth
}

export interface McpDeps {
  readonly clock: Clock
  readonly schedule: Schedule
  /** The gateway's own environment; children get a safe part of it. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** egress: the only way out over HTTP. */
  readonly fetch: (options: { readonly allowPrivateNetwork: boolean; readonly maxBytes?: number }) => typeof fetch
  /** egress again, for calls alone, and quicker; without it they take the way of everything else. */
  readonly post?: Egress['post'] | undefined
  readonly verdicts: Verdicts
  readonly ledger: ProcessLedger
  /** How long each step of ending a process waits, in milliseconds; default 2,000. */
  readonly graceMs?: number
  /** Our version, told to servers in `clientInfo`. */
  readonly version: string
}

/** Opens the secrets of a record at the moment they leave. */
export const revealed = (record: Readonly<Record<string, SecretText>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value]),
  )

/** Text of a server with this connection's own secrets taken out: a server may print its environment when it fails. */
export function masked(text: string, transport: McpTransport): string {
  const named = Object.values(transport.kind === 'stdio' ? transport.env : transport.headers)
  const secrets = named.flatMap((value) => (value instanceof Secret ? [value.reveal()] : []))
  return secrets.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)
}

/**
 * Who answers at the other end, for fingerprints: where it is reached and what it calls itself. Arguments and versions
 * are left out: an admin's own edit or an update that changes no tool is no reason to quarantine.
 */
export function identityOf(transport: McpTransport, serverName: string | undefined): string {
  const place =
    transport.kind === 'stdio' ? `stdio:${transport.command}` : `${transport.url.origin}${transport.url.pathname}`
  return `${place}#${serverName ?? ''}`
}
