import type { FlowView } from '../kernel/connect-flow.ts'
import type { Subject } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { may } from './authority.ts'

/** For whom an account is connected, and who asked for it. */
export interface Invitation {
  readonly connection: string
  readonly subject: Subject
  readonly principalId: string
  /** A path on this gateway. */
  readonly returnTo?: string | undefined
}

export interface ConnectingDeps extends AdminDeps {
  readonly connecting: {
    /** Makes a flow; rejects with `invalid_request` for connections without sign-in, `config_invalid` without a client. */
    invite(invitation: Invitation): Promise<FlowView>
  }
}

/** What a caller wants to connect. */
export interface ConnectRequest {
  readonly provider: string
  /** Can be left out while the provider has one connection. */
  readonly connection?: string | undefined
  /** `own`: the caller's own account. `shared`: the one that everybody uses. */
  readonly for: 'own' | 'shared'
  readonly returnTo?: string | undefined
}

/**
 * Begins to connect an account. Everybody may for their own account of a `per_user` connection; the shared one is for
 * admins and for the connection's owner. Rejects with `not_found`, `conflict` when several connections could be meant, and
 * `forbidden`.
 */
export async function beginConnecting(
  deps: ConnectingDeps,
  principal: Principal,
  request: ConnectRequest,
): Promise<FlowView> {
  const { slug, owner, credential } = meant(deps, principal, request)
  checkOwnership(slug, credential, request)
  const { connecting } = deps
  const common = { connection: slug, principalId: principal.id, returnTo: request.returnTo }
  if (request.for === 'own') {
    return recorded(deps, principal, slug, () => connecting.invite({ ...common, subject: { user: userOf(principal) } }))
  }
  const invite = (): Promise<FlowView> => connecting.invite({ ...common, subject: 'shared' })
  if (principal.credential === 'person' && owner !== undefined && owner === principal.user) {
    return recorded(deps, principal, slug, invite)
  }
  return asAdmin(deps, principal, { type: DEED, kind: 'change', facts: { connection: slug } }, invite)
}

const DEED = 'connection.authorize'

function meant(
  { connections }: ConnectingDeps,
  principal: Principal,
  { provider, connection }: ConnectRequest,
): ConnectionDefinition {
  const isTheirs = ({ owner }: ConnectionDefinition): boolean =>
    owner === undefined || owner === principal.user || may(principal, 'admin')
  const all = connections.definitions().filter((one) => one.provider === provider && isTheirs(one))
  const found = connection === undefined ? all : all.filter(({ slug }) => slug === connection)
  const [only, ...others] = found
  if (!only) throw noneSuch(provider, connection)
  if (others.length === 0) return only
  throw new GatewayError(
    'conflict',
    `Several connections are of ${provider}: ${found.map(({ slug }) => slug).join(', ')}. Say which one with "connection".`,
  )
}

const noneSuch = (provider: string, connection: string | undefined): GatewayError =>
  new GatewayError(
    'not_found',
    connection === undefined
      ? `There is no connection of "${provider.slice(0, 64)}". Make one first with \`gatehouse connect\` or POST /api/connections.`
      : `There is no connection "${connection.slice(0, 64)}" of "${provider.slice(0, 64)}".`,
  )

function checkOwnership(
  slug: string,
  credential: ConnectionDefinition['credential'],
  { for: whose }: ConnectRequest,
): void {
  if ((whose === 'own') === (credential === 'per_user')) return
  throw new GatewayError(
    'invalid_request',
    whose === 'own'
      ? `"${slug}" has one account for everybody. An admin connects it with for=shared.`
      : `Everybody connects an account of their own to "${slug}": ask with for=own.`,
  )
}

function userOf({ user, id }: Principal): string {
  if (user !== undefined) return user
  throw new GatewayError('invalid_request', `${id} acts for nobody, so there is no account of theirs to connect.`)
}

/** What everybody may leaves a trace too. */
async function recorded(
  { audit, clock }: ConnectingDeps,
  { id, agent }: Principal,
  connection: string,
  work: () => Promise<FlowView>,
): Promise<FlowView> {
  const event = { type: DEED, at: clock(), principal: id, ...(agent !== '' && { agent }), connection }
  await audit.append({ ...event, phase: 'event', outcome: 'ok' })
  return work()
}
