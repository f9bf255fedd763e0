import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import type { ProviderFacts } from './connections-port.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'

/** The services that can be connected, ordered by id, without their actions. */
export async function listProviders(
  deps: AdminDeps,
  principal: Principal,
  page: PageRequest,
): Promise<Page<Omit<ProviderFacts, 'actions'> & { readonly actions: number }>> {
  return asAdmin(deps, principal, { type: 'providers.read', kind: 'look' }, () => {
    const all = deps.connections.providers().map((facts) => ({ ...facts, actions: facts.actions.length }))
    return pageOf(all, ({ id }) => id, page)
  })
}

/** One service with its ways to sign in and its actions. Throws `not_found`. */
export async function showProvider(deps: AdminDeps, principal: Principal, id: string): Promise<ProviderFacts> {
  return asAdmin(deps, principal, { type: 'providers.read', kind: 'look' }, () => {
    const facts = deps.connections.providers().find((one) => one.id === id)
    if (facts) return facts
    throw new GatewayError('not_found', `There is no provider "${id.slice(0, 64)}". See \`GET /api/providers\`.`)
  })
}
