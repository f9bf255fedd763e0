import { refreshAuthorization } from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import type { Refresh, TokenSet } from '../kernel/token-set.ts'
import type { McpClients } from './mcp-auth-client.ts'
import { atServer, type McpAuthDeps } from './mcp-auth-deps.ts'
import { readIssuer } from './mcp-auth-discover.ts'
import { type GrantedBy, toSdkClient, toTokenSet } from './mcp-auth-token.ts'

/**
 * Refreshes at the issuer that granted the token set, with the client that it was granted to, and nowhere else. Rejects with
 * `invalid_grant` when only a person can help: there is no refresh token, or the client is gone.
 */
export const refreshMcp =
  (clients: McpClients, deps: McpAuthDeps): Refresh =>
  (current, signal) =>
    atServer(deps, signal, async (fetchFn) => {
      const by = grantedBy(current)
      const client = await clients.get(by.issuer)
      if (!current.refreshToken || client?.issuer !== by.issuer || client.id !== by.clientId) throw over()
      const metadata = await readIssuer(by.issuer, fetchFn)
      const tokens = await refreshAuthorization(by.issuer, {
        metadata,
        clientInformation: toSdkClient(client),
        refreshToken: current.refreshToken.reveal(),
        resource: by.resource,
        fetchFn,
      })
      return toTokenSet(tokens, current.scopes ?? [], by, deps.clock)
    })

function grantedBy({ captured: { issuer, resource, clientId } }: TokenSet): GrantedBy {
  if (typeof issuer === 'string' && typeof resource === 'string' && typeof clientId === 'string')
    return { issuer, resource, clientId }
  throw over()
}

const over = (): GatewayError =>
  new GatewayError('invalid_grant', 'The access has ended and cannot be prolonged. Connect the server again.')
