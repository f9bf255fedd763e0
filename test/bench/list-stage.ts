import { remote } from './gateway-config.ts'
import { benchList, type ListFigures, type ListSetup } from './lists.ts'
import { startLoader } from './loader.ts'
import { type GatewaySetup, openGateway } from './open-gateway.ts'
import { residentMb, startSynthetic } from './processes.ts'

const SIZES = [10, 100, 1_000]
const LARGE = 5_000

export interface ListStageSetup extends GatewaySetup, Pick<ListSetup, 'rounds' | 'seconds' | 'warmUpSeconds'> {
  readonly say: (text: string) => void
}

export interface ListStageFigures {
  readonly lists: readonly ListFigures[]
  /** Resident memory of a gateway with 5,000 tools, MB. */
  readonly memory: {
    readonly with5000Tools?: number | undefined
    readonly with5000ToolsAfterLists?: number | undefined
  }
}

/** Starts servers of several sizes, with a gateway for the largest alone, and lists their tools. */
export async function benchLists(setup: ListStageSetup): Promise<ListStageFigures> {
  const { say, keep } = setup
  say('lists: starting the servers')
  const servers = await Promise.all(
    [...SIZES, LARGE].map(async (tools) => ({ tools, url: (await keep(startSynthetic(tools))).url })),
  )
  const open = (name: string, those: typeof servers) =>
    openGateway(setup, name, Object.fromEntries(those.map((one) => [`of-${one.tools}`, remote(one.url)])))
  const usual = await open(
    'listed',
    servers.filter(({ tools }) => tools !== LARGE),
  )
  const large = await open(
    'large',
    servers.filter(({ tools }) => tools === LARGE),
  )
  const loader = startLoader()
  await keep(Promise.resolve({ url: '', pid: 0, stop: () => loader.stop() }))
  const memory = () => large.pids.map(residentMb)[0]
  const with5000Tools = memory()
  const lists: ListFigures[] = []
  for (const { tools, url } of servers) {
    say(`tools/list of ${tools} tools`)
    const at = tools === LARGE ? large : usual
    const gateway = { url: at.url, era: 'modern', key: await at.keyOf(`of-${tools}`) } as const
    lists.push(await benchList({ ...setup, tools, direct: { url, era: 'modern' }, gateway, loader }))
  }
  return { lists, memory: { with5000Tools, with5000ToolsAfterLists: memory() } }
}
