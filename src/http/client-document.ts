import { Hono } from 'hono'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { CLIENT_DOCUMENT_PATH } from './addresses.ts'

/**
 * What authorization servers of MCP servers read to know us (OAuth Client ID Metadata Document). `document` is undefined
 * where we are not reached over https: then there is none.
 */
export const clientDocumentPage = (document: () => JsonObject | undefined): Hono =>
  new Hono().get(CLIENT_DOCUMENT_PATH, (c) => {
    const json = document()
    if (json) return c.json(json, 200, { 'cache-control': 'public, max-age=300' })
    throw new GatewayError(
      'not_found',
      'The gateway has no client metadata document: server.publicUrl is no https address.',
    )
  })
