import { rounded } from './calls.ts'
import { measure, middle } from './load.ts'
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
  const ways = [await lister(direct), await lister(gateway)] as const
  const p50s: [number[], number[]] = [[], []]
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const index of [0, 1] as const) {
        const { p50 } = await measure(ways[index].send, { concurrency: 1, seconds })
        if (round > 0) p50s[index].push(p50)
      }
    }
  } finally {
    await Promise.all(ways.map((way) => way.close()))
  }
  const [directMs, gatewayMs] = [middle(p50s[0]), middle(p50s[1])]
  return {
    tools,
    direct: rounded(directMs),
    gateway: rounded(gatewayMs),
    ratio: rounded(gatewayMs / directMs),
    pages: { direct: ways[0].last.pages, gateway: ways[1].last.pages },
  }
}
