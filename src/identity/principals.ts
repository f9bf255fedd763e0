import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Agent, Credential, Person, Principal, Role } from '../kernel/principal.ts'

type Agents = ReadonlyMap<string, Agent>

interface PrincipalParts {
  readonly agent: Agent
  readonly organisation: string
  readonly credential: Credential
  readonly user?: string | undefined
  readonly groups?: readonly string[]
  readonly claims?: JsonObject
}

/** A verified caller. GatewayError `forbidden` when the agent is disabled. */
export function toPrincipal({
  agent,
  organisation,
  credential,
  user,
  groups = [],
  claims = {},
}: PrincipalParts): Principal {
  if (!agent.enabled)
    throw new GatewayError('forbidden', `The agent "${agent.id}" is disabled. Ask an admin to enable it.`)
  return {
    id: user === undefined ? `agent:${agent.id}` : `agent:${agent.id}/user:${user}`,
    organisation,
    agent: agent.id,
    ...(user === undefined ? {} : { user }),
    groups: [...new Set([...agent.groups, ...groups])],
    claims,
    credential,
  }
}

/** Whoever may read the private lock file may do everything; the id `admin` can be no agent's. */
export const adminPrincipal = (organisation: string): Principal => ({
  id: 'admin',
  organisation,
  agent: 'admin',
  groups: [],
  claims: {},
  credential: 'admin',
})

export interface PersonParts {
  /** A name; the `user` of the principal. */
  readonly id: string
  readonly organisation: string
  readonly roles: readonly Role[]
  readonly groups: readonly string[]
  readonly claims?: JsonObject
  /** Their registration, when they have one. */
  readonly registered?: Person | undefined
}

/**
 * A verified person: no agent, so that no rule about agents speaks of it, and no tool opens to it. GatewayError `forbidden`
 * when their registration is disabled.
 */
export function personPrincipal({ id, organisation, roles, groups, claims = {}, registered }: PersonParts): Principal {
  if (registered && !registered.enabled) {
    throw new GatewayError('forbidden', `The person "${id}" is disabled. Ask an admin to enable them.`)
  }
  return { id: `person:${id}`, organisation, agent: '', user: id, groups, claims, credential: 'person', roles }
}

export interface StdioPrincipal {
  /** The id that the command line or the environment names. */
  readonly agent: string
  readonly agents: Agents
  readonly organisation: string
}

/** The caller of a stdio session: whoever started the process chose the agent. */
export const principalForStdio = ({ agent, agents, organisation }: StdioPrincipal): Principal =>
  toPrincipal({ agent: registered(agents, agent), organisation, credential: 'stdio' })

/** The agent of that id; GatewayError `unauthenticated` that says how to register it when there is none. */
export function registered(agents: Agents, id: string): Agent {
  const agent = agents.get(id)
  if (agent) return agent
  const shown = id.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64)
  throw new GatewayError(
    'unauthenticated',
    `There is no agent "${shown}". An admin can add it: gatehouse agent add <id>.`,
    {
      data: { error: 'invalid_token' },
    },
  )
}
