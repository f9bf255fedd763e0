import { declaredAgents } from '../config/declared-agents.ts'
import { declaredPeople } from '../config/declared-people.ts'
import type { Config } from '../config/schema.ts'
import type { ConfigBook } from './config-book.ts'

/** What the configuration declares, made anew only when it is another one. */
export function declaredBooks(current: () => Config): Pick<ConfigBook, 'agents' | 'people'> {
  const read = (config: Config) => ({ config, agents: declaredAgents(config), people: declaredPeople(config) })
  let last = read(current())
  const now = (): typeof last => (last.config === current() ? last : (last = read(current())))
  return { agents: () => now().agents, people: () => now().people }
}

/** The owner and each of the workers have a part; all parts together are what is configured. */
export interface Share {
  readonly of: 'owner' | 'worker'
  readonly workers: number
}

/** A configuration in which only this process's part of what may go on at once is left; made anew when another is in force. */
export function sharedConfig(current: () => Config, share: Share): () => Config {
  let last: { readonly of: Config; readonly config: Config } | undefined
  return () => {
    const of = current()
    if (last?.of !== of) last = { of, config: withPart(of, share) }
    return last.config
  }
}

/** Of something that fewer can do at once than there are processes, workers have no part. */
export const partOf = (whole: number, { of, workers }: Share): number => {
  const part = Math.floor(whole / (workers + 1))
  return of === 'worker' ? part : whole - part * workers
}

function withPart(config: Config, share: Share): Config {
  const { perPrincipal, perConnection, ...rest } = config.limits
  const part = (whole: number): number => Math.max(1, partOf(whole, share))
  const shared = ({ running, waiting }: typeof perPrincipal): typeof perPrincipal => ({
    running: part(running),
    waiting: partOf(waiting, share),
  })
  return {
    ...config,
    limits: { ...rest, perPrincipal: shared(perPrincipal), perConnection: shared(perConnection) },
    connections: Object.fromEntries(
      Object.entries(config.connections).map(([slug, { maxConcurrent, ...connection }]) => [
        slug,
        maxConcurrent === undefined ? connection : { ...connection, maxConcurrent: part(maxConcurrent) },
      ]),
    ),
  }
}
