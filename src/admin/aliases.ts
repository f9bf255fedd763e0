import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { knownTool } from './tools.ts'

export interface LearnedAlias {
  readonly tool: string
  /** Word stems, as search keeps them. */
  readonly stems: readonly string[]
}

/** What search has learned from successful searches, by tool. */
export async function listAliases(deps: AdminDeps, principal: Principal): Promise<readonly LearnedAlias[]> {
  return asAdmin(deps, principal, { type: 'aliases.read', kind: 'look' }, () =>
    [...deps.aliases.stems()].map(([tool, stems]) => ({ tool, stems })).toSorted((a, b) => (a.tool < b.tool ? -1 : 1)),
  )
}

/** Forgets what was learned of one tool, or of all, and gives the number of tools. Throws `not_found`. */
export async function forgetAliases(deps: AdminDeps, principal: Principal, name?: string): Promise<number> {
  const facts = name === undefined ? {} : { tool: name }
  return asAdmin(deps, principal, { type: 'aliases.forgotten', kind: 'change', facts }, () =>
    deps.aliases.forget(name === undefined ? undefined : knownTool(deps.snapshot(), name).id),
  )
}
