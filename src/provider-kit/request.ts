/** A request path whose segments are already encoded. Only the `path` template makes one. */
export type Path = string & { readonly __brand: 'Path' }

/** One query value; undefined leaves the name out, a list repeats it. */
export type QueryValue = string | number | boolean | undefined | readonly (string | number)[]

export type WireBody =
  | { readonly json: unknown }
  | { readonly form: Readonly<Record<string, string | number | boolean | undefined>> }
  | { readonly text: string; readonly contentType: string }

/** What an action asks of the vendor. No host and no credential: the manifest fixes the one, the source adds the other. */
export interface WireRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: Path
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: WireBody
}

/** A vendor's answer: JSON when it is JSON, text otherwise. Header names are in lower case. */
export interface WireReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}
