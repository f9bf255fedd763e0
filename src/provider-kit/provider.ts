import type { z } from 'zod'
import type { Effect } from '../kernel/tool.ts'
import type { WireReply, WireRequest } from './request.ts'

/** The effects a manifest can state; it knows its own service, so nothing is `unclassified`. */
export type ActionEffect = Exclude<Effect, 'unclassified'>

/** One operation of a provider, declared: what it takes, what it does, what it sends, what it keeps of the answer. */
export interface Action<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly title: string
  /** A prompt: when to use it, when not, where ids come from, whether a retry is safe. At most 500 characters. */
  readonly description: string
  /** The vendor's page for this operation. */
  readonly docs: string
  readonly effect: ActionEffect
  /** True when it reaches people or systems outside of the organisation. */
  readonly external: boolean
  readonly idempotent: boolean
  /** Scopes that the vendor asks for: any of the lists, all of a list. Empty when it asks for none. */
  readonly scopes: readonly (readonly string[])[]
  readonly tags?: readonly string[]
  /** A strict object; each field is described with an example value. */
  readonly input: Input
  /** Keeps the useful fields of the answer; everything else is dropped. */
  readonly output: Output
  /** Pure: no clock, no network, no secret. */
  request(input: z.output<Input>, settings: Settings): WireRequest | Promise<WireRequest>
  /** Further requests that the first answer calls for (a list of ids → the items). At most 50. */
  followUps?(reply: WireReply, input: z.output<Input>): readonly WireRequest[]
  /** Shapes the answers for `output`. Without it the first answer's body is parsed as it is. */
  result?(reply: WireReply, followUps: readonly WireReply[], input: z.output<Input>): unknown
}

/** A connection's own settings, parsed by the manifest's `settings` schema. */
export type Settings = Readonly<Record<string, unknown>>

/** A credential field that an admin fills in. */
export interface CredentialField {
  readonly key: string
  readonly label: string
  readonly secret: boolean
  /** Checked before anything is stored or sent. */
  readonly pattern?: string
}

/** Where a credential goes in the request. In `name` and `value`, `{key}` stands for the field of that name. */
export interface Injection {
  readonly in: 'header' | 'query'
  readonly name: string
  readonly value: string
  /** The value is sent as base64 of its UTF-8 bytes (RFC 7617). */
  readonly base64?: boolean
  /** Put in front after encoding, such as `Basic `. */
  readonly prefix?: string
}

export interface AuthMethod {
  readonly kind: 'none' | 'bearer' | 'apiKey' | 'basic'
  readonly id: string
  readonly title: string
  readonly fields: readonly CredentialField[]
  readonly inject: readonly Injection[]
}

/** Why a vendor refused, in our words. */
export interface VendorFailure {
  readonly kind:
    | 'reauth'
    | 'missing_scope'
    | 'forbidden'
    | 'not_found'
    | 'invalid_input'
    | 'conflict'
    | 'rate_limited'
    | 'upstream'
  /** The vendor's own words, trimmed; safe to show. */
  readonly message: string
  /** Milliseconds from now, when the vendor gave a delay. */
  readonly retryAfterMs?: number
  /** Milliseconds since the epoch, when the vendor named a moment: manifests have no clock. */
  readonly retryAt?: number
}

/** The manifest of a service. Quirks are data here, never code in `src/`. */
export interface Provider {
  readonly id: string
  readonly title: string
  readonly docs: string
  /**
   * `https` origin and optional path prefix, without a slash at the end; requests never leave it. A connection may
   * name another (`baseUrl`), and must when the manifest has none.
   */
  readonly baseUrl?: string
  readonly auth: readonly AuthMethod[]
  /** Headers of every request: versions, Accept. */
  readonly headers?: Readonly<Record<string, string>>
  /** Schema of the connection's `settings`, where the provider has any. */
  readonly settings?: z.ZodType<Settings>
  /** Recognises a failure, also one that hides in a 200. Undefined: the answer is fine. */
  failure(reply: WireReply): VendorFailure | undefined
  /** Identifies the account behind the credential; also the health probe. */
  readonly whoami?: { readonly request: WireRequest; account(reply: WireReply): string | undefined }
  readonly actions: Readonly<Record<string, Action>>
}
