import { CLIENT_DOCUMENT_PATH, redirectUriOf } from '../http/addresses.ts'
import type { McpSignInParts } from './mcp-sign-in.ts'

/** Where services and authorization servers find us. Our client metadata document counts over https alone. */
export function placeOf(origin: string): ReturnType<McpSignInParts['place']> {
  const url = new URL(origin)
  return {
    redirectUri: redirectUriOf(url),
    documentUrl: url.protocol === 'https:' ? new URL(CLIENT_DOCUMENT_PATH, url).href : undefined,
  }
}
