import { rounded } from './calls.ts'
import { inTurns, middle } from './load.ts'
import type { Loader } from './loader.ts'
import type { Endpoint } from './requests.ts'

export interface ListFigures {
  readonly tools: number
  /** p50 of the whole list, milliseconds. */
  readonly direct: number
  readonly gateway: number
  /** The gateway's time as a multiple of direct's. */
  readonly ratio: number
  readonly pages: { readonly direct: number; readonly gateway: number }
}

export interface ListSetup {
  readonly tools: number
  readonly direct: Endpoint
  readonly gateway: Endpoint
  readonly rounds: number
  readonly seconds: number
  /** How long each way is listed before the rounds, uncounted. */
  readonly warmUpSeconds: number
  readonly loader: Loader
}

/** Lists all tools, one client, directly and through the gateway in turns. */
export async function benchList(setup: ListSetup): Promise<ListFigures> {
  const { tools, direct, gateway, rounds, seconds, warmUpSeconds, loader } = setup
  const ways = [direct, gateway]
  const listFor = (time: number) => (endpoint: Endpoint) =>
    loader.run({ kind: 'list', endpoint, concurrency: 1, seconds: time })
  const [straight, through] = await inTurns(ways, 1, listFor(warmUpSeconds))
  const [directMs = 0, gatewayMs = 0] = (await inTurns(ways, rounds, listFor(seconds))).map((told) =>
    middle(told.map(({ p50 }) => p50)),
  )
  return {
    tools,
    direct: rounded(directMs),
    gateway: rounded(gatewayMs),
    ratio: rounded(gatewayMs / directMs),
    pages: { direct: straight?.[0]?.pages ?? 0, gateway: through?.[0]?.pages ?? 0 },
  }
}
