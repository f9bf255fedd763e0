import { connectionSlugSchema, urlSchema } from '../config/field-schemas.ts'
import { collidingConnections } from '../catalog/names.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { ConnectionsPort } from './connections-port.ts'

const baseUrl = urlSchema({ secure: false, query: false })
const serverUrl = urlSchema({ secure: false, query: true })
const MOST_SETTINGS = 16_384

/** Throws `invalid_request` for what is no name, and `conflict` for one whose tools would carry the names of others. */
export function checkSlug({ definitions, book }: Pick<ConnectionsPort, 'definitions' | 'book'>, id: string): void {
  const parsed = connectionSlugSchema.safeParse(id)
  if (!parsed.success) throw new GatewayError('invalid_request', parsed.error.issues[0]?.message ?? 'Not a name.')
  const others = [...definitions().map((one) => one.slug), ...(book.get(id) ? [id] : [])]
  const other = others.find((one) => one === id || collidingConnections([one, id]).length > 0)
  if (other === undefined) return
  throw new GatewayError(
    'conflict',
    other === id
      ? `The name "${id}" is taken, or was until lately. Choose another one, or restore the connection.`
      : `The tools of "${id}" would have the same names as those of "${other}". Choose a name that differs in more than - and _.`,
  )
}

/** Throws `invalid_request` or `config_invalid` for a connection that cannot work. */
export function checkDraft(port: Pick<ConnectionsPort, 'check'>, definition: ConnectionDefinition): void {
  const { provider, server, settings } = definition
  if ((provider === 'mcp') !== (server !== undefined)) {
    throw new GatewayError(
      'invalid_request',
      'A downstream MCP server needs "server" with its URL, and nothing else has one.',
    )
  }
  checkUrl(baseUrl, definition.baseUrl, 'baseUrl')
  checkUrl(serverUrl, server?.url, 'server.url')
  if (JSON.stringify(settings).length > MOST_SETTINGS) {
    throw new GatewayError('payload_too_large', `The settings have more than ${MOST_SETTINGS} characters.`)
  }
  port.check(definition)
}

function checkUrl(schema: typeof baseUrl, url: string | undefined, name: string): void {
  const parsed = url === undefined ? undefined : schema.safeParse(url)
  if (!parsed || parsed.success) return
  throw new GatewayError('invalid_request', `${name}: ${parsed.error.issues[0]?.message ?? 'not a URL'}`)
}
