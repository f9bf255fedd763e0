import type { Candidate, Trial } from '../admin/connections-port.ts'
import type { Config } from '../config/schema.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import type { CredentialsOf, Lease } from '../kernel/credential.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Connected } from '../sources/connector.ts'
import type { ConnectionHouse } from './connection-house.ts'
import { type ConnectionDeps, connectorFor } from './connections.ts'
import { toConfig } from './effective-connections.ts'
import type { Shelf } from './shelf.ts'

export interface TryOutParts {
  readonly connections: Pick<ConnectionHouse, 'credentials' | 'tokenSource'>
  readonly specDeps: ConnectionDeps
  /** With the managed connections. */
  readonly config: Config
}

const LIMIT_MS = 30_000

/** Connects once and lets go, beside the connection that runs. Never rejects. */
export async function tryOut(
  parts: TryOutParts,
  definition: ConnectionDefinition,
  candidate: Candidate | 'stored',
  caller: AbortSignal,
): Promise<Trial> {
  const { clock } = parts.specDeps
  const signal = AbortSignal.any([caller, AbortSignal.timeout(LIMIT_MS)])
  const startedAt = clock()
  const scopes = await granted(parts, definition, candidate)
  try {
    const connected = await connectOnce(parts, definition, candidate, signal)
    const account = connected.account?.()
    const about = {
      latencyMs: clock() - startedAt,
      tools: connected.tools.length,
      ...(account !== undefined && { account }),
    }
    await connected.close()
    return {
      status: 'ok',
      ...(isProof(definition, parts.specDeps.shelf) && { tokenValid: true }),
      scopesGranted: scopes,
      ...about,
    }
  } catch (error) {
    const { code, message, data } = toGatewayError(error)
    const isRefused = data['reauth'] === true || REFUSALS.has(code)
    return {
      status: isRefused ? 'refused' : 'failed',
      ...(isRefused && { tokenValid: false }),
      latencyMs: clock() - startedAt,
      scopesGranted: scopes,
      tools: 0,
      problem: { code, message },
    }
  }
}

/** Connecting has shown that the credential is good. */
const isProof = ({ provider, credential, method }: ConnectionDefinition, shelf: Pick<Shelf, 'get'>): boolean =>
  credential === 'shared' && method !== 'none' && (provider === 'mcp' || shelf.get(provider)?.whoami !== undefined)

const REFUSALS: ReadonlySet<string> = new Set([
  'invalid_credential',
  'invalid_grant',
  'connect_required',
  'token_revoked',
])

async function connectOnce(
  { connections, specDeps, config }: TryOutParts,
  definition: ConnectionDefinition,
  candidate: Candidate | 'stored',
  signal: AbortSignal,
): Promise<Connected> {
  const { slug } = definition
  const declared = definition.origin === 'declared' ? config.connections[slug] : undefined
  const connection = declared ?? toConfig(definition)
  const bare =
    candidate !== 'stored' && connection.auth ? { ...connection, auth: { ...connection.auth, fields: {} } } : connection
  const credentialsOf =
    candidate === 'stored' ? specDeps.credentialsOf : () => candidateCredentials(connections, definition, candidate)
  return connectorFor(slug, bare, { ...specDeps, credentialsOf }).connect(SILENT, signal)
}

const SILENT = {
  onTools: () => undefined,
  onFeatures: () => undefined,
  onResourceUpdated: () => undefined,
  onLost: () => undefined,
}

/** The candidate for everybody who asks; a client that acts for itself gets its token with it. */
function candidateCredentials(
  { tokenSource }: TryOutParts['connections'],
  definition: ConnectionDefinition,
  { fields = {}, tokens }: Candidate,
): CredentialsOf {
  const lease = async (signal: AbortSignal): Promise<Lease> => {
    const minted = tokens ?? (await tokenSource(definition, fields)?.mint?.(signal))
    if (!minted && tokenSource(definition, fields)) {
      throw new GatewayError('connect_required', 'A person has to sign in first: connect the account.')
    }
    return {
      method: definition.method,
      fields: minted ? { access_token: minted.accessToken } : fields,
      captured: minted?.captured ?? {},
      scopes: minted?.scopes,
      generation: 'candidate',
    }
  }
  return () => ({ lease, renew: () => Promise.resolve(undefined), report: () => Promise.resolve() })
}

async function granted(
  { connections }: TryOutParts,
  { slug }: ConnectionDefinition,
  candidate: Candidate | 'stored',
): Promise<readonly string[]> {
  if (candidate !== 'stored') return candidate.tokens?.scopes ?? []
  const facts = await connections.credentials.facts(slug)
  return facts.find(({ user }) => user === undefined)?.scopes ?? []
}
