import { join } from 'node:path'
import { type Connections, writeConfig } from './gateway-config.ts'
import { addKey, childrenOf, type Running, startGateway, untilActive } from './processes.ts'

export interface GatewaySetup {
  /** Folder of the compiled product. */
  readonly dist: string
  /** Where configurations and state go. */
  readonly folder: string
  readonly gatewayArgs: readonly string[]
  /** Ends the process when the measuring is over. */
  readonly keep: (starting: Promise<Running>) => Promise<Running>
}

/** A gateway that has reached all its servers. */
export interface OpenGateway {
  readonly url: string
  /** The processes that serve: one, or the owner and its workers. */
  readonly pids: readonly number[]
  keyOf(agent: string): Promise<string>
}

export async function openGateway(
  { dist, folder, gatewayArgs, keep }: GatewaySetup,
  name: string,
  connections: Connections,
  workers = 1,
): Promise<OpenGateway> {
  const config = await writeConfig(join(folder, name), connections)
  const { url, pid } = await keep(startGateway(dist, config, { nodeArgs: gatewayArgs, workers }))
  await untilActive(dist, config, Object.keys(connections).length)
  return {
    url: `${url}/mcp`,
    pids: workers === 1 ? [pid] : childrenOf(pid),
    keyOf: (agent) => addKey(dist, config, agent),
  }
}
