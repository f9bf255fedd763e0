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
  /** What people say for it and the name and description do not; search finds it by these. At most 12 of at most 60 characters. */
  readonly keywords?: readonly string[]
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
  /** A regular expression (RE2, at most 500 characters), checked before anything is stored or sent. */
  readonly pattern?: string
  /** May be left out; what its injection would add is left out with it. */
  readonly optional?: boolean
  /** Where to get it, in one sentence. */
  readonly description?: string
  /** How it looks, such as `xoxb-…`. */
  readonly placeholder?: string
}

/** Where a credential goes in the request. In `name` and `value`, `{key}` stands for the field of that name. */
export interface Injection {
  /**
   * `path`: `{name}` in the base URL's path is replaced, for vendors whose key is part of it. `cookie`: one cookie of that
   * name (RFC 6265); cookies that an action sets are dropped.
   */
  readonly in: 'header' | 'query' | 'cookie' | 'path'
  readonly name: string
  readonly value: string
  /** The value is sent as base64 of its UTF-8 bytes (RFC 7617). */
  readonly base64?: boolean
  /** Put in front after encoding, such as `Basic `. */
  readonly prefix?: string
}

/** A value that is learned when the account is connected, and kept with the credential. Not secret. */
export interface Capture {
  /** Where it stands: the token endpoint's answer, the parameters of the callback, or the answer of `request`. */
  readonly from: 'token' | 'callback' | 'request'
  /** JSON Pointer into the answer, or the parameter's name. */
  readonly at: string
  /** For `from: 'request'`: asked once with the new token; the manifest's base URL does not bind it, `https` does. */
  readonly url?: string
}

/** How a vendor's OAuth 2 differs from the RFCs; everything left out is as RFC 6749, 7636 and 7009 say. */
export interface OAuthSpec {
  readonly grant: 'authorization_code' | 'client_credentials'
  /**
   * `https`, needed for `authorization_code`. In this and the other addresses `{key}` stands for a setting of the connection
   * or a field of the method that is not secret; see `expandUrl` for what a value may be.
   */
  readonly authorizeUrl?: string
  readonly tokenUrl: string
  /** The vendor's `iss` in the callback (RFC 9207); checked when the vendor sends one, demanded when this is set. */
  readonly issuer?: string
  /** S256 (RFC 7636); true unless the vendor breaks on it. */
  readonly pkce?: boolean
  /** Sent with the authorization request as they are, such as `access_type=offline`. */
  readonly authorizeParams?: Readonly<Record<string, string>>
  /** Scopes that every connection needs, whatever its actions, such as those of whoami. */
  readonly baseScopes?: readonly string[]
  /** Every scope that this method can be granted; left out, every scope that an action names. */
  readonly scopes?: readonly string[]
  readonly scopeSeparator?: ' ' | ','
  /** The parameter that carries the scopes; `scope`, or `user_scope` at a vendor with two lists. */
  readonly scopeParam?: string
  /** How the client proves itself at the token endpoint; `post` when left out. */
  readonly clientAuth?: 'post' | 'basic' | 'none'
  readonly tokenBody?: 'form' | 'json'
  readonly tokenHeaders?: Readonly<Record<string, string>>
  /** JSON Pointer of the object that holds `access_token`, where it is not the answer itself. */
  readonly tokenAt?: string
  /** Recognises a refusal in an answer with status 200; gives the OAuth error code. */
  readonly errorAt?: { readonly okPointer?: string; readonly errorPointer: string }
  /** The vendor's own words for a refusal, by the code of RFC 6749 §5.2 that they stand for: `bad_refresh_token: 'invalid_grant'`. */
  readonly errorCodes?: Readonly<Record<string, string>>
  /** `rotating`: each refresh ends the old refresh token. `static`: it stays. `none`: there is no refresh. */
  readonly refresh?: 'rotating' | 'static' | 'none'
  /** Lifetime of access tokens whose answer names none, in milliseconds. Left out: they do not expire. */
  readonly lifetimeMs?: number
  /** Absolute lifetime of refresh tokens, in milliseconds, where the vendor has one. */
  readonly refreshLifetimeMs?: number
  /** JSON Pointer of the seconds that the refresh token lives; `/refresh_token_expires_in` when left out. */
  readonly refreshExpiresInAt?: string
  readonly capture?: Readonly<Record<string, Capture>>
  /** Ends the grant at the vendor. `body` holds `{token}`; with `auth: 'bearer'` the token is sent as such. */
  readonly revoke?: {
    readonly url: string
    readonly method?: 'POST' | 'DELETE' | 'GET'
    readonly token?: 'access_token' | 'refresh_token'
    readonly auth?: 'bearer' | 'client' | 'none'
    readonly body?: 'form' | 'json' | 'none'
    readonly param?: string
  }
}

/** AWS Signature Version 4; the fields are `accessKeyId`, `secretAccessKey` and, if there is one, `sessionToken`. */
export interface SigV4Spec {
  readonly service: string
  /** A region, or the name of the setting that holds it as `{region}`. */
  readonly region: string
}

/** One way to sign in, as data. A connection names it by `id`. */
export interface AuthMethod {
  readonly kind: 'none' | 'bearer' | 'apiKey' | 'basic' | 'oauth2' | 'sigv4' | 'custom'
  readonly id: string
  readonly title: string
  /** What a person fills in. For `oauth2` these are the client's own: `client_id`, `client_secret`. */
  readonly fields: readonly CredentialField[]
  /** For `oauth2`, `{access_token}` and captured values can be used as well. */
  readonly inject: readonly Injection[]
  /** Instead of the provider's, where a credential of this kind is used at another address. */
  readonly baseUrl?: string
  readonly oauth?: OAuthSpec
  readonly sigv4?: SigV4Spec
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
    | 'rate_limit_exceeded'
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
   * name another (`baseUrl`), and must when the manifest has none. `{key}` stands for a setting or a captured value: one
   * host label before the literal end of the host, or a part of one path segment.
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
