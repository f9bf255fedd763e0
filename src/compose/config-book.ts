import type { ConfigControl, ConfigStatus } from '../admin/admin.ts'
import { changedAtStart } from '../config/changed-sections.ts'
import { declaredAgents } from '../config/declared-agents.ts'
import { declaredPeople } from '../config/declared-people.ts'
import type { Variables } from '../config/env.ts'
import type { Config } from '../config/schema.ts'
import { type ConfigWatch, watchConfig } from '../config/watch-config.ts'
import type { Log } from '../gateway/gateway.ts'
import type { AuditLog } from '../kernel/audit.ts'
import type { Clock } from '../kernel/clock.ts'
import type { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Agent, Person } from '../kernel/principal.ts'

/** The configuration in force, and how the file behind it fares. */
export interface ConfigBook extends ConfigControl {
  current(): Config
  /** The agents that it declares; the same map until it is replaced. */
  agents(): ReadonlyMap<string, Agent>
  /** The people that it declares. */
  people(): ReadonlyMap<string, Person>
  /** Follows the file. Every good edit goes through `takeOver`; a bad one is told in log, audit and status. */
  watch(following: Following): Promise<() => void>
}

export interface Following {
  readonly env: Variables
  /** Puts a configuration in force that is `current()` already; rejects when it cannot be, and then the one before stays. */
  takeOver(next: Config): Promise<void>
}

export interface ConfigBookDeps {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  readonly audit: Pick<AuditLog, 'append'>
}

export function configBook(first: Config, { path, clock, log, audit }: ConfigBookDeps): ConfigBook {
  let current = first
  let agents = declaredAgents(first)
  let people = declaredPeople(first)
  let status: ConfigStatus = { path, loadedAt: clock() }
  let watching: ConfigWatch | undefined
  const tell = (type: string, detail: JsonObject): void => {
    audit
      .append({ type, phase: 'event', at: clock(), detail })
      .catch((error: unknown) => log.error({}, 'the audit log cannot be written', error))
  }
  const taken = (before: Config, next: Config): void => {
    const late = changedAtStart(before, next)
    if (late.length > 0) log.warn({ sections: late }, `changes of ${late.join(', ')} take effect after a restart`)
    status = { path, loadedAt: clock() }
    log.info({ path }, 'the configuration was read again')
    tell('config.reloaded', { path })
  }
  const refused = ({ message }: GatewayError): void => {
    status = { ...status, lastError: { at: clock(), detail: message } }
    log.error({ path }, `the configuration was not taken, the last good one stays in force: ${message}`)
    tell('config.refused', { path, problem: message })
  }
  return {
    current: () => current,
    agents: () => agents,
    people: () => people,
    status: () => status,
    async reload() {
      await watching?.reload()
    },
    async watch({ env, takeOver }) {
      const stop = new AbortController()
      const onConfig = async (next: Config): Promise<void> => {
        const before = { current, agents, people }
        try {
          current = inForce(next, before.current)
          agents = declaredAgents(next)
          people = declaredPeople(next)
          await takeOver(current)
          taken(before.current, next)
        } catch (error) {
          ;({ current, agents, people } = before)
          throw error
        }
      }
      watching = await watchConfig({ path, env, onConfig, onError: refused, signal: stop.signal })
      return () => stop.abort()
    },
  }
}

/** Sections that are read once keep what they were at the start. */
const inForce = (next: Config, { organisation, server, store, audit, log }: Config): Config => ({
  ...next,
  organisation,
  server,
  store,
  audit,
  log,
})
