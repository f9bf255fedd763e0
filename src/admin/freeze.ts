import { GatewayError } from '../kernel/errors.ts'
import type { Freeze } from '../kernel/freeze.ts'
import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'

export interface FreezeDraft extends Pick<Freeze, 'scope' | 'id'> {
  readonly reason?: string | undefined
}

/** What is stopped now, the oldest first. */
export async function listFreezes(deps: AdminDeps, principal: Principal): Promise<readonly Freeze[]> {
  return asAdmin(deps, principal, { type: 'freezes.read', kind: 'look' }, () => deps.freezes.all())
}

/**
 * Stops everything, an agent or a connection: what is asked for from now on is refused, what runs is aborted. It is in
 * force before it is recorded, because it may be urgent. Throws `not_found` for what does not exist.
 */
export async function freeze(deps: AdminDeps, principal: Principal, draft: FreezeDraft): Promise<Freeze> {
  const made: Freeze = { ...known(deps, draft), by: principal.id, at: deps.clock() }
  const facts = { ...subjectOf(draft), detail: { scope: draft.scope, reason: draft.reason ?? '' } }
  return asAdmin(deps, principal, { type: 'freeze.set', kind: 'stop', facts }, async () => {
    await deps.freezes.add(made)
    return made
  })
}

/** Lifts a stop. Throws `not_found` when there is none. */
export async function unfreeze(
  deps: AdminDeps,
  principal: Principal,
  what: Pick<Freeze, 'scope' | 'id'>,
): Promise<void> {
  const facts = { ...subjectOf(what), detail: { scope: what.scope } }
  return asAdmin(deps, principal, { type: 'freeze.lifted', kind: 'stop', facts }, async () => {
    if (await deps.freezes.lift(what)) return
    throw new GatewayError('not_found', `${nameOf(what)} is not stopped. \`gatehouse freeze --list\` shows what is.`)
  })
}

function known(deps: AdminDeps, { scope, id, reason }: FreezeDraft): FreezeDraft {
  const { agents, connections } = deps.snapshot()
  const isKnown = scope === 'all' || (id !== undefined && (scope === 'agent' ? agents : connections).has(id))
  if (!isKnown) throw new GatewayError('not_found', `There is no ${scope} "${id ?? ''}", so nothing was stopped.`)
  return { scope, ...(scope !== 'all' && { id }), ...(reason !== undefined && { reason }) }
}

const subjectOf = ({ scope, id }: Pick<Freeze, 'scope' | 'id'>) =>
  id === undefined || scope === 'all' ? {} : scope === 'agent' ? { agent: id } : { connection: id }

const nameOf = ({ scope, id }: Pick<Freeze, 'scope' | 'id'>): string =>
  scope === 'all' ? 'The whole gateway' : `The ${scope} "${id}"`
