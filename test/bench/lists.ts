import { rounded } from './calls.ts'
import { inTurns, measure, middle } from './load.ts'
import { type Endpoint, lister } from './requests.ts'

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
}

/** Lists all tools, one client, directly and through the gateway in turns. */
export async function benchList({ tools, direct, gateway, rounds, seconds }: ListSetup): Promise<ListFigures> {
  const [straight, through] = [await lister(direct), await lister(gateway)]
  const ways = [straight, through]
  try {
    const load = { concurrency: 1, seconds }
    await inTurns(ways, 1, ({ send }) => measure(send, load))
    const p50s = await inTurns(ways, rounds, async ({ send }) => (await measure(send, load)).p50)
    const [directMs = 0, gatewayMs = 0] = p50s.map(middle)
    return {
      tools,
      direct: rounded(directMs),
      gateway: rounded(gatewayMs),
      ratio: rounded(gatewayMs / directMs),
      pages: { direct: straight.last.pages, gateway: through.last.pages },
    }
  } finally {
    await Promise.all(ways.map((way) => way.close()))
  }
}
