import { readdirSync, readFileSync } from 'node:fs'
import { composed, type Declared } from '../helpers/composed.ts'

/** What the soak's own process is told. */
export type Told =
  | { readonly kind: 'ready'; readonly endpoint: string; readonly token: string }
  | { readonly kind: 'measured'; readonly rssBytes: number; readonly heapBytes: number; readonly open: Open }

export interface Open {
  /** Processes that the gateway started. */
  readonly children: readonly number[]
  readonly sockets: number
  readonly timers: number
}

/*
 * The gateway of the soak, in a process of its own: composed as for users, measured over the channel to its parent. It ends with
 * that channel.
 */
const declared = JSON.parse(process.argv[2] ?? '') as Declared
const gateway = await composed(declared)
const tell = (message: Told): void => void process.send?.(message)

process.on('message', () => void measure().then(tell))
process.on('disconnect', () => void gateway.close())
tell({ kind: 'ready', endpoint: gateway.endpoint.href, token: gateway.as('')['authorization'] ?? '' })

async function measure(): Promise<Told> {
  // A finalizer frees more than one collection finds.
  for (let times = 0; times < 4; times++) {
    globalThis.gc?.()
    await new Promise((resolve) => void setImmediate(resolve))
  }
  const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage()
  const active = process.getActiveResourcesInfo()
  const countOf = (type: string): number => active.filter((one) => one === type).length
  return {
    kind: 'measured',
    rssBytes,
    heapBytes,
    open: { children: childrenOf(process.pid), sockets: countOf('TCPSocketWrap'), timers: countOf('Timeout') },
  }
}

/** Of every thread, as Linux tells it. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}
