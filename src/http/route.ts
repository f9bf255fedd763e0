import type { Context } from 'hono'
import type { z } from 'zod'
import type { Need } from '../admin/authority.ts'
import type { Principal } from '../kernel/principal.ts'
import type { ErrorCode } from '../kernel/problem.ts'
import type { Recheck } from './admission.ts'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** One answer of a route. Without a schema it has no body. */
export interface AnswerSpec {
  readonly description: string
  readonly schema?: z.ZodType
  /** `application/json` when left out. */
  readonly mediaType?: string
}

/** What is known of a route before it runs: validation, the guard and the OpenAPI document all come from this. */
export interface RouteSpec<N extends Need, Path extends string, Q, B> {
  readonly method: Method
  /** Below `/api`, parameters in braces: `/agents/{id}`. A parameter is a text of 1 to 1,000 characters. */
  readonly path: Path
  /** A sentence for people, without a full stop. */
  readonly summary: string
  /** The group that it stands in: `agents`, `tools`, … */
  readonly tag: string
  /** Who may. Settled, and a refusal recorded, before any byte of the body is read. */
  readonly needs: N
  /** The audit event's type of a refusal: that of the use case. */
  readonly deed: string
  readonly query?: z.ZodType<Q>
  /** Of the JSON body; no body is an empty object. */
  readonly body?: z.ZodType<B>
  readonly answers: Readonly<Record<number, AnswerSpec>>
  /** Whether the caller must, or may, say with `If-Match` which version it means. */
  readonly ifMatch?: 'required' | 'optional'
  /** The route creates something: `Idempotency-Key` makes a repeated request the same request. */
  readonly creates?: boolean
  /** Codes that callers should be ready for, besides those of every route. */
  readonly problems?: readonly ErrorCode[]
}

type ParamNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never

/** A request that was let in, with everything parsed. */
export interface Asked<N extends Need, Path extends string, Q, B> {
  readonly principal: N extends 'anyone' ? Principal | undefined : Principal
  readonly params: Readonly<Record<ParamNames<Path>, string>>
  readonly query: Q
  readonly body: B
  /** The entity tag of `If-Match` without its quotes; undefined when there was none or `*`. See `toVersion`. */
  readonly ifMatch: string | undefined
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal
  /** For answers that go on for long. */
  readonly recheck: Recheck
  /** Finds the request in logs and audit. */
  readonly requestId: string | undefined
  /** For what is not JSON: streams, redirects, cookies. */
  readonly context: Context
}

/** An answer in JSON. `version` becomes the `ETag`. */
export interface Reply {
  readonly status: 200 | 201 | 202 | 204
  readonly body?: unknown
  readonly version?: string | number | undefined
  readonly headers?: Readonly<Record<string, string>>
}

export const ok = (body: unknown, version?: Reply['version']): Reply => ({ status: 200, body, version })
export const created = (body: unknown, version?: Reply['version']): Reply => ({ status: 201, body, version })
export const noContent = (): Reply => ({ status: 204 })

/** A route, whatever its own types are. */
export interface Route {
  readonly spec: RouteSpec<Need, string, unknown, unknown>
  run(asked: Asked<'anyone', string, unknown, unknown>): Promise<Reply | Response>
}

/** A route of the API: what is known of it, and what it does with a request that passed all of that. */
export function defineRoute<const N extends Need, const Path extends string, Q = unknown, B = unknown>(
  spec: RouteSpec<N, Path, Q, B>,
  handler: (asked: Asked<N, Path, Q, B>) => Promise<Reply | Response>,
): Route {
  // The mount gives each handler exactly what its own spec's schemas have made; the list of routes cannot say so.
  return { spec, run: (asked) => handler(asked as unknown as Asked<N, Path, Q, B>) }
}
