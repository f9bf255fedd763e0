import type { HouseMode } from '../cli/house.ts'
import type { Variables } from '../config/env.ts'
import type { Config } from '../config/schema.ts'
import type { Supervisor } from '../sources/supervisor.ts'
import type { Closing } from './closing.ts'
import type { ConfigBook } from './config-book.ts'
import type { ConnectionHouse } from './connection-house.ts'
import { type ConnectionDeps, toConnectionSpecs } from './connections.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import { starting } from './starting.ts'

export interface KeepConnectedParts {
  readonly mode: HouseMode
  readonly book: ConfigBook
  readonly connections: ConnectionHouse
  readonly supervisor: Supervisor
  readonly snapshots: SnapshotBuilder
  readonly specDeps: ConnectionDeps
  readonly env: Variables
  /** A configuration as it is in force, with the managed connections. Throws `config_invalid`. */
  accept(next: Config): Config
  /** Called once a new configuration is in force. */
  onTaken(): void
  readonly closing: Closing
}

/**
 * Runs what configuration and store say, and follows both: what is known of the connections can be listed from now on. The
 * result makes them, if they are not made already: a command that only asks the store or the policy needs no server started
 * for it, and a gateway has its door open first.
 */
export async function keepConnected(parts: KeepConnectedParts): Promise<() => void> {
  const { mode, book, connections, supervisor, snapshots, specDeps, env, closing } = parts
  const { held, start } = starting()
  const connect = (): void => supervisor.apply(held(toConnectionSpecs(connections.current(), specDeps)))
  const takeOver = async (next: Config): Promise<void> => {
    await specDeps.shelf.loadFor(next.connections)
    snapshots.accept(parts.accept(next))
    parts.onTaken()
    connect()
    await snapshots.rebuild()
  }
  closing.add(await book.watch({ env, takeOver }))
  connections.attach(supervisor, async () => {
    await specDeps.shelf.loadFor(connections.current().connections)
    snapshots.follow(connections.current())
    if (mode !== 'command') connect()
    await snapshots.rebuild()
  })
  if (mode !== 'command') connect()
  await snapshots.rebuild()
  return () => {
    start()
    if (mode === 'command') connect()
  }
}
