import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'

/** Who a question about an agent is asked for: for a test, a replay or lint, where nobody has signed in. */
export interface Caller {
  /** `default` when left out. */
  readonly organisation?: string | undefined
  readonly agent: string
  readonly user?: string | undefined
  readonly groups: readonly string[]
  readonly claims?: JsonObject | undefined
}

/** The principal that the caller would be when it came in by its agent's key. */
export const principalFor = ({ organisation = 'default', agent, user, groups, claims = {} }: Caller): Principal => ({
  id: user === undefined ? `agent:${agent}` : `agent:${agent}/user:${user}`,
  organisation,
  agent,
  ...(user === undefined ? {} : { user }),
  groups,
  claims,
  credential: 'key',
})
