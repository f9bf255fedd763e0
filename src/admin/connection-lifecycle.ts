import type { Principal } from '../kernel/principal.ts'
import { GatewayError } from '../kernel/errors.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import type { CredentialFacts } from '../connections/credential-facts.ts'
import type { Removal } from '../connections/credential-book.ts'
import { type ConnectionFacts, factsOf, known, managed } from './connection-facts.ts'

/** Switches a connection on or off, a declared one too. Off: running calls end and its tools are gone when it resolves. */
export async function switchConnection(
  deps: AdminDeps,
  principal: Principal,
  { id, enabled }: { readonly id: string; readonly enabled: boolean },
): Promise<ConnectionFacts> {
  const type = enabled ? 'connection.enabled' : 'connection.disabled'
  // Switching off must work when nothing can be written any more.
  const deed = { type, kind: enabled ? 'change' : 'stop', facts: { connection: id } } as const
  return asAdmin(deps, principal, deed, async () => {
    const { connections } = deps
    const { enabled: isDeclaredOn, origin } = known(connections, id)
    await connections.book.setEnabled(id, enabled, principal.id)
    if (enabled && origin === 'declared' && !isDeclaredOn && !known(connections, id).enabled) {
      throw new GatewayError(
        'conflict',
        `The connection "${id}" is switched off in the configuration. Change it there.`,
      )
    }
    return factsOf(connections, known(connections, id), await connections.credentials.facts(id))
  })
}

/** How a revocation went. */
export interface Revoked {
  readonly id: string
  /** Credentials that are gone here. */
  readonly removed: number
  /** Those that the service has confirmed to have ended. */
  readonly endedAtVendor: number
}

/**
 * Ends a connection's credentials, at once here and as well as it goes at the service: running calls end, its tools go.
 * One whose credential stands in the configuration is switched off too. With `user` only that person's own account.
 */
export async function revokeConnection(
  deps: AdminDeps,
  principal: Principal,
  { id, user }: { readonly id: string; readonly user?: string | undefined },
): Promise<Revoked> {
  const facts = { connection: id, ...(user !== undefined && { detail: { user } }) }
  return asAdmin(deps, principal, { type: 'connection.revoked', kind: 'stop', facts }, async () => {
    const { connections } = deps
    const definition = known(connections, id)
    if (user !== undefined) return gone(id, await connections.credentials.remove(id, { user }))
    const ending = connections.end(id)
    const removal = await connections.credentials.remove(id)
    await ending
    if (removal.removed === 0 && definition.origin === 'declared') {
      await connections.book.setEnabled(id, false, principal.id)
    }
    return gone(id, removal)
  })
}

const gone = async (id: string, { removed, atVendor }: Removal): Promise<Revoked> => ({
  id,
  removed,
  endedAtVendor: await atVendor,
})

/** Deletes a managed connection: it can be restored for 30 days, without its credential, which ends now. */
export async function deleteConnection(
  deps: AdminDeps,
  principal: Principal,
  { id, ifVersion }: { readonly id: string; readonly ifVersion?: number | undefined },
): Promise<Revoked> {
  return asAdmin(deps, principal, { type: 'connection.deleted', kind: 'change', facts: { connection: id } }, () =>
    remove(deps, principal, id, ifVersion),
  )
}

async function remove(
  { connections }: AdminDeps,
  principal: Principal,
  id: string,
  ifVersion?: number,
): Promise<Revoked> {
  managed(connections, id)
  await connections.book.remove(id, principal.id, ifVersion)
  return gone(id, await connections.credentials.remove(id))
}

/** Deletes every managed connection of a provider; declared ones stay and are named. */
export async function deleteConnections(
  deps: AdminDeps,
  principal: Principal,
  provider: string,
): Promise<{ readonly deleted: readonly Revoked[]; readonly declared: readonly string[] }> {
  const deed = { type: 'connections.deleted', kind: 'change', facts: { detail: { provider } } } as const
  return asAdmin(deps, principal, deed, async () => {
    const found = deps.connections.definitions().filter((definition) => definition.provider === provider)
    const slugs = (origin: string): readonly string[] =>
      found.filter((definition) => definition.origin === origin).map(({ slug }) => slug)
    const deleted = await Promise.all(slugs('managed').map((slug) => remove(deps, principal, slug)))
    return { deleted, declared: slugs('declared') }
  })
}

/** Brings back a deleted connection; its credential has to be entered again. Throws `not_found`. */
export async function restoreConnection(deps: AdminDeps, principal: Principal, id: string): Promise<ConnectionFacts> {
  return asAdmin(
    deps,
    principal,
    { type: 'connection.restored', kind: 'change', facts: { connection: id } },
    async () => {
      const { connections } = deps
      await connections.book.restore(id, principal.id)
      return factsOf(connections, known(connections, id), await connections.credentials.facts(id))
    },
  )
}

/** Makes the connection anew, so that it lists its tools again. */
export async function refreshTools(deps: AdminDeps, principal: Principal, id: string): Promise<void> {
  const deed = { type: 'connection.tools_refreshed', kind: 'change', facts: { connection: id } } as const
  return asAdmin(deps, principal, deed, () => {
    known(deps.connections, id)
    deps.connections.restart(id)
  })
}

const DAY_MS = 86_400_000
const MOST_DAYS = 365

/** Credentials with which a person has to do something within so many days, soonest first. */
export async function expiringCredentials(
  deps: AdminDeps,
  principal: Principal,
  days: number,
): Promise<readonly CredentialFacts[]> {
  return asAdmin(deps, principal, { type: 'connections.read', kind: 'look' }, () => {
    if (!(days >= 0 && days <= MOST_DAYS)) {
      throw new GatewayError('invalid_request', `Give 0 to ${MOST_DAYS} days.`)
    }
    return deps.connections.credentials.expiring(deps.clock() + days * DAY_MS)
  })
}
