import type { Config } from '../config/schema.ts'
import type { TokenSource } from '../connections/credential-deps.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import type { OAuthEngine } from '../connections/oauth/engine.ts'
import type { OAuthTarget } from '../connections/oauth/target.ts'
import type { Clock } from '../kernel/clock.ts'
import type { GrantedBy } from '../sources/mcp-auth-token.ts'
import type { World } from './world.ts'

/** An MCP server's authorization server, with what a grant of it has to remember: it is refreshed there and nowhere else. */
export interface McpFlowTarget extends OAuthTarget {
  readonly grantedBy: GrantedBy
}

export const isMcpTarget = (target: OAuthTarget): target is McpFlowTarget => 'grantedBy' in target

/** Signing in to downstream MCP servers. */
export interface McpSignIn {
  /** Discovers who grants access to the server, and becomes a client there. Rejects like `mcpTarget`. */
  target(definition: ConnectionDefinition): Promise<McpFlowTarget>
  /** How tokens of the server come anew and end. */
  source(definition: ConnectionDefinition): TokenSource
}

export interface McpSignInParts {
  readonly world: Pick<World, 'store' | 'vault' | 'egress'>
  readonly engine: OAuthEngine
  readonly clock: Clock
  config(): Config
  /** What is registered as redirect address, and where our client metadata document is served, if it is. */
  place(): { readonly redirectUri: string; readonly documentUrl: string | undefined }
}

/** What people read when a server asks them to let us in. */
export const CLIENT_NAME = 'Gatehouse'

/** What speaks to authorization servers is loaded when a sign-in needs it. */
const flow = () => import('./mcp-sign-in-flow.ts')

export const mcpSignIn = (parts: McpSignInParts): McpSignIn => ({
  target: async (definition) => (await flow()).mcpTarget(parts, definition),
  source: (definition) => ({
    refresh: async (current, signal) => (await flow()).renewTokens(parts, definition, current, signal),
    revoke: async (tokens, signal) => (await flow()).revokeTokens(parts, definition, tokens, signal),
  }),
})
