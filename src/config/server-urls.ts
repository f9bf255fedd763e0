import { isLoopbackHost } from './field-schemas.ts'
import type { ServerConfig } from './schema.ts'

/** The path of the MCP endpoint below the server's URL. */
const MCP_PATH = '/mcp'

/** How clients reach the server: `publicUrl`, or the address that it listens on. Without a slash at the end. */
export function serverUrl({ publicUrl, host, port }: Pick<ServerConfig, 'publicUrl' | 'host' | 'port'>): string {
  if (publicUrl !== undefined) return new URL(publicUrl).href.replace(/\/+$/, '')
  const reachable = host === '0.0.0.0' || host === '::' || host === '' ? 'localhost' : host
  return `http://${reachable.includes(':') && !reachable.startsWith('[') ? `[${reachable}]` : reachable}:${port}`
}

/** Our canonical resource identifier (RFC 8707, RFC 9728): what tokens must be issued for. */
export const resourceUrl = (server: Pick<ServerConfig, 'publicUrl' | 'host' | 'port'>): URL =>
  new URL(`${serverUrl(server)}${MCP_PATH}`)

/** True when nobody but this machine can reach the address. */
export const listensOnLoopback = ({ host }: Pick<ServerConfig, 'host'>): boolean => isLoopbackHost(host)
