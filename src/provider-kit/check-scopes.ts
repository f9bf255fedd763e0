import type { Provider } from './provider.ts'
import { grantable } from './scopes.ts'

/**
 * Actions that no OAuth method could ever be granted, in words: a scope that is known to none of the methods, or an
 * action whose alternatives no method has. Nothing where a method does not list its scopes, or there is no OAuth.
 */
export function checkScopes({ auth, actions }: Provider): readonly string[] {
  const methods = auth.filter((method) => method.oauth)
  if (methods.length === 0 || methods.some(({ oauth }) => !oauth?.scopes)) return []
  const known = new Set(methods.flatMap(({ oauth }) => [...(oauth?.scopes ?? []), ...(oauth?.baseScopes ?? [])]))
  return Object.entries(actions).flatMap(([id, { scopes }]) => {
    const strange = [...new Set(scopes.flat())].filter((scope) => !known.has(scope))
    if (strange.length > 0) return strange.map((scope) => `actions.${id}: no OAuth method knows the scope "${scope}"`)
    const isReachable = scopes.length === 0 || methods.some((method) => grantable(scopes, method).length > 0)
    return isReachable ? [] : [`actions.${id}: no OAuth method can be granted all scopes of one alternative`]
  })
}
