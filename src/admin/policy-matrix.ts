import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Effect, Feature, Risk } from '../kernel/tool.ts'
import type { CompiledPolicy } from '../policy/compiled-policy.ts'
import { type Access, type Clause, clauses, standingOf } from '../policy/plan/access.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { DEFAULT_PAGE, fromCursor, type Page, type PageRequest, toCursor } from './page.ts'
import { agentsOf } from './policy-examine.ts'

/** What one agent may do with one tool before anything is known of a call. */
export interface MatrixCell {
  readonly agent: string
  readonly tool: string
  /** `none`: it does not know of the tool. `conditional`: arguments, times or the run decide. */
  readonly access: Access
  readonly effect: Effect
  readonly risk: Risk
  readonly quarantined: boolean
  /** The rules that are about both. */
  readonly rules: readonly string[]
}

export interface MatrixQuery extends PageRequest {
  readonly agent?: string | undefined
  readonly connection?: string | undefined
  /** Only cells in which the agent may do something. */
  readonly reachable?: boolean | undefined
}

/** Agents × tools, ordered by agent and then by tool. Throws `not_found` for an agent that there is not. */
export async function policyMatrix(
  deps: AdminDeps,
  principal: Principal,
  { agent, connection, reachable, limit = DEFAULT_PAGE, cursor }: MatrixQuery,
): Promise<Page<MatrixCell>> {
  return asAdmin(deps, principal, { type: 'policy.read', kind: 'look' }, () => {
    const { policy, ...snapshot } = deps.snapshot()
    const agents = agentsOf({ policy, ...snapshot }).filter((one) => agent === undefined || one.agent === agent)
    if (agent !== undefined && agents.length === 0) {
      throw new GatewayError('not_found', `There is no agent "${agent}" that may call. See \`gatehouse agent list\`.`)
    }
    const after = cursor === undefined ? '' : fromCursor(cursor)
    const found: MatrixCell[] = []
    for (const caller of agents) {
      if (found.length > limit) break
      const cells = cellsOf(policy, caller).filter((cell) => keyOf(cell) > after)
      const wanted = cells.filter(
        ({ tool, access }) => isOf(tool, connection) && (reachable !== true || access !== 'none'),
      )
      found.push(...wanted.slice(0, limit + 1 - found.length))
    }
    const items = found.slice(0, limit)
    const last = items.at(-1)
    return found.length > limit && last ? { items, nextCursor: toCursor(keyOf(last)) } : { items }
  })
}

const isOf = (tool: string, connection: string | undefined): boolean =>
  connection === undefined || tool.startsWith(`conn:${connection}:`)

/** A space sorts before everything that ids are made of. */
const keyOf = ({ agent, tool }: MatrixCell): string => `${agent} ${tool}`

function cellsOf(policy: CompiledPolicy, caller: Principal): readonly MatrixCell[] {
  const clauseOf = clauses()
  const { tools } = policy.index
  const about = tools.map((): { readonly clauses: Clause[]; readonly rules: string[] } => ({ clauses: [], rules: [] }))
  for (const rule of policy.find(caller).rules) {
    for (const place of rule.places) {
      about[place]?.clauses.push(clauseOf(rule, policy.document))
      about[place]?.rules.push(rule.id)
    }
  }
  const toCell = ({ id, effect, risk, quarantined, owner }: Feature, place: number): MatrixCell => ({
    agent: caller.agent,
    tool: id,
    access: quarantined || owner !== undefined ? 'none' : standingOf(about[place]?.clauses ?? []).access,
    effect,
    risk,
    quarantined,
    rules: about[place]?.rules ?? [],
  })
  return tools.map(toCell).toSorted((a, b) => (a.tool < b.tool ? -1 : 1))
}
