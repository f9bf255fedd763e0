import type { Agent } from '../kernel/principal.ts'
import type { Config } from './schema.ts'

/** The agents of the file, by id. */
export const declaredAgents = ({ agents }: Pick<Config, 'agents'>): ReadonlyMap<string, Agent> =>
  new Map(
    Object.entries(agents).map(([id, { title, groups, toolNames, enabled }]) => [
      id,
      { id, ...(title === undefined ? {} : { title }), groups, toolNames, enabled, origin: 'declared' },
    ]),
  )
