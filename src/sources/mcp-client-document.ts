import type { JsonObject } from '../kernel/json.ts'

/** What authorization servers read at `documentUrl`, which is also the client's id (OAuth Client ID Metadata Document). */
export const clientDocument = (documentUrl: string, name: string, redirectUris: readonly string[]): JsonObject => ({
  client_id: documentUrl,
  client_uri: new URL('/', documentUrl).href,
  ...toDocument(name, redirectUris),
  token_endpoint_auth_method: 'none',
  application_type: 'web',
})

/** What every way to become a client says of us (RFC 7591 §2). */
export const toDocument = (name: string, redirectUris: readonly string[]) => ({
  client_name: name,
  redirect_uris: [...redirectUris],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
})
