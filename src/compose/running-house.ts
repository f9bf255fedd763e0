import type { House, HouseMode } from '../cli/house.ts'
import type { Config } from '../config/schema.ts'
import type { AgentBook } from '../identity/agents.ts'
import { principalForStdio } from '../identity/principals.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import type { McpDeps } from '../mcp/deps.ts'
import { mcpStdio } from '../mcp/stdio.ts'
import { realSchedule, settledWithin } from '../sources/schedule.ts'
import type { Supervisor } from '../sources/supervisor.ts'
import type { Closing } from './closing.ts'
import type { ConfigBook } from './config-book.ts'
import type { Door } from './door.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'

/**
 * What speaks to servers takes as long to load as everything before it: whoever stands at the door when it opens gets the first
 * list before that, milliseconds.
 */
const HEAD_START_MS = 150

export interface HouseParts {
  readonly mode: HouseMode
  /** Makes the connections of the configuration, if they are not made already. */
  connect(): void
  readonly supervisor: Supervisor
  readonly snapshots: SnapshotBuilder
  readonly book: ConfigBook
  readonly front: Door
  readonly mcpDeps: McpDeps
  readonly agents: AgentBook
  readonly config: Config
  readonly attachToken: Secret
  readonly closing: Closing
}

/** The built house as commands use it. */
export function toHouse(parts: HouseParts): House {
  const { mode, connect, supervisor, snapshots, book, front, attachToken, closing } = parts
  return {
    app: front.app,
    adminToken: attachToken,
    async listen() {
      const place = await front.open(mode === 'stdio' ? 'loopback' : 'configured')
      closing.add(realSchedule(connect, HEAD_START_MS))
      return place
    },
    serveStdio: (agent, toolset) => serveStdio(parts, agent, toolset),
    async settled(timeoutMs) {
      connect()
      await settledWithin(untilSettled(supervisor), timeoutMs, realSchedule)
      await snapshots.rebuild()
    },
    // Not the snapshot's: it is made anew a moment after a state has changed, and who listens has looked by then.
    statuses: () => supervisor.statuses().toSorted((a, b) => (a.connection < b.connection ? -1 : 1)),
    onChange(listener) {
      const ends = [supervisor.onChange(listener), snapshots.onChange(listener)]
      return () => {
        for (const end of ends) end()
      }
    },
    reload: () => book.reload(),
    close: () => closing.run(),
  }
}

async function serveStdio(
  { mcpDeps, agents, config, book, closing }: HouseParts,
  agent: string,
  toolset: string | undefined,
): Promise<void> {
  if (toolset !== undefined && !Object.hasOwn(book.current().toolsets, toolset)) {
    throw new GatewayError(
      'not_found',
      `There is no toolset "${toolset}". The configuration names them under toolsets.`,
    )
  }
  const principal = principalForStdio({ agent, agents: agents.agents(), organisation: config.organisation })
  const { stdin, stdout } = process
  const served = mcpStdio(mcpDeps, { principal, toolset, stdin, stdout })
  closing.add(served.close)
  await served.closed
}

function untilSettled(supervisor: Supervisor): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!supervisor.isSettled()) return
      stop()
      resolve()
    }
    const stop = supervisor.onChange(look)
    look()
  })
}
