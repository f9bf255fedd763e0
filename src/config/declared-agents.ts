import type { Agent } from '../kernel/principal.ts'
import type { Config } from './schema.ts'

/** The agents of the file, by id. */
export const declaredAgents = ({ agents }: Pick<Config, 'agents'>): ReadonlyMap<string, Agent> =>
  new Map(
    Object.entries(agents).map(([id, { title, ...agent }]) => [
      id,
      { id, ...(title === undefined ? {} : { title }), ...agent, origin: 'declared' },
    ]),
  )
