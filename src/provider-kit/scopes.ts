import type { Action, AuthMethod, Provider } from './provider.ts'

type Scopes = Action['scopes']
type ScopeList = Scopes[number]

/**
 * The least scopes to ask for so that the allowed actions work: the method's base scopes and, for each action, the
 * alternative that adds fewest to them (the first of those that tie). Sorted, each once. Never a scope that only other
 * actions need. Actions that the method cannot be granted, or that ask for none, add nothing.
 */
export function scopesFor(
  provider: Pick<Provider, 'actions'>,
  method: Pick<AuthMethod, 'oauth'>,
  allowedActions: Iterable<string>,
): readonly string[] {
  const chosen = new Set(method.oauth?.baseScopes)
  let open = [...new Set(allowedActions)]
    .flatMap((id) => (Object.hasOwn(provider.actions, id) ? (provider.actions[id] ?? []) : []))
    .map((action) => grantable(action.scopes, method))
    .filter((alternatives) => alternatives.length > 0)
  // What leaves no choice comes first, so that it decides the choices of the others.
  for (const [only] of open.filter((alternatives) => alternatives.length === 1)) add(chosen, only)
  while ((open = open.filter((alternatives) => !hasScopes(alternatives, chosen))).length > 0) {
    const cheapest = open.map((alternatives) => smallest(alternatives, chosen))
    add(chosen, smallest(cheapest, chosen))
  }
  return [...chosen].toSorted()
}

/** True when all scopes of one alternative are granted, and when the action asks for none. */
export const hasScopes = (scopes: Scopes, granted: ReadonlySet<string>): boolean =>
  scopes.length === 0 || scopes.some((all) => all.every((scope) => granted.has(scope)))

/** The alternatives that the method can be granted; all of them where its manifest does not list its scopes. */
export function grantable(scopes: Scopes, { oauth }: Pick<AuthMethod, 'oauth'>): Scopes {
  if (!oauth?.scopes) return scopes
  const known = new Set([...oauth.scopes, ...(oauth.baseScopes ?? [])])
  return scopes.filter((all) => all.every((scope) => known.has(scope)))
}

const smallest = (alternatives: Scopes, chosen: ReadonlySet<string>): ScopeList =>
  alternatives.reduce((best, next) => (cost(next, chosen) < cost(best, chosen) ? next : best), alternatives[0] ?? [])

const cost = (all: ScopeList, chosen: ReadonlySet<string>): number => all.filter((scope) => !chosen.has(scope)).length

function add(chosen: Set<string>, scopes: ScopeList = []): void {
  for (const scope of scopes) chosen.add(scope)
}
