/** Any value that JSON can carry. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
/** A JSON object as it came over the wire: unknown fields are kept. */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** True for a plain JSON object, false for arrays, null and scalars. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
