import type { Credentials } from '../kernel/credential.ts'
import { authorizedFetch, authorizedPost } from './mcp-auth-send.ts'
import type { LinkRequest } from './mcp-link.ts'
import type { McpDeps } from './mcp-spec.ts'

/** The ways out of a link, each carrying the credential of the link's subject. */
export function carrying(request: LinkRequest): McpDeps {
  const { deps } = request
  const credentials = credentialsOf(request)
  if (!credentials) return deps
  return {
    ...deps,
    fetch: (options) => authorizedFetch(deps.fetch(options), credentials),
    post: deps.post && authorizedPost(deps.post, credentials),
  }
}

/** A process gets the fields of its subject's credential as environment variables, by the names of the fields. */
export async function withEnvironment(request: LinkRequest): Promise<LinkRequest> {
  const { spec, signal } = request
  const credentials = credentialsOf(request)
  if (!credentials || spec.transport.kind !== 'stdio') return request
  const { fields } = await credentials.lease(signal)
  return { ...request, spec: { ...spec, transport: { ...spec.transport, env: { ...spec.transport.env, ...fields } } } }
}

const credentialsOf = ({ spec: { auth }, subject }: LinkRequest): Credentials | undefined =>
  auth?.credentials(subject ?? auth.listedAs ?? 'shared')
