import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { personOf } from '../policy/approvers.ts'
import type { AdminSnapshot } from './admin.ts'

/** Whom an admin asks about, or acts as. */
export interface Subject {
  readonly agent: string
  readonly user?: string | undefined
  /** In addition to the groups that the agent is registered with. */
  readonly groups?: readonly string[] | undefined
}

/** The principal that this agent would be. Its credential says that an admin stands behind it. Throws `not_found`. */
export function principalOf({ agents }: AdminSnapshot, admin: Principal, subject: Subject): Principal {
  const agent = agents.get(subject.agent)
  if (!agent) {
    throw new GatewayError(
      'not_found',
      `There is no agent "${subject.agent}". See \`gatehouse agent list\`, or add it with \`gatehouse agent add\`.`,
    )
  }
  const user = subject.user === undefined ? {} : { user: subject.user }
  return {
    id: subject.user === undefined ? `agent:${agent.id}` : `agent:${agent.id}/user:${subject.user}`,
    organisation: admin.organisation,
    agent: agent.id,
    ...user,
    groups: [...new Set([...agent.groups, ...(subject.groups ?? [])])],
    claims: {},
    credential: 'admin',
    actor: personOf(admin),
  }
}
