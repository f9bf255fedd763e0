import { request, WebSocket } from 'undici'
import { isJsonObject } from '../../../src/kernel/json.ts'

/** For a Node process whose memory is to be looked into: the inspector takes any free port, once it is asked for. */
export const INSPECTABLE = '--inspect-port=0'

const LISTENS = /Debugger listening on ws:\/\/([^/\s]+)\//

/** Finds the inspector's address in what the process says on stderr; undefined in other lines. */
export const inspectorIn = (line: string): string | undefined => LISTENS.exec(line)?.[1]

/** What lives in a process's heap after a collection, MB. `address` is the inspector's host and port. */
export async function liveHeapMb(address: string): Promise<number> {
  const listed = await (await request(`http://${address}/json/list`)).body.json()
  const [target] = Array.isArray(listed) ? (listed as readonly unknown[]) : []
  const url = isJsonObject(target) ? target['webSocketDebuggerUrl'] : undefined
  if (typeof url !== 'string') throw new Error('The gateway cannot be inspected.')
  const socket = new WebSocket(url)
  try {
    await new Promise<unknown>((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error('The inspector of the gateway does not answer.')))
    })
    // What a finalizer frees is found by the second collection.
    await ask(socket, 1, 'HeapProfiler.collectGarbage')
    await ask(socket, 2, 'HeapProfiler.collectGarbage')
    const usage = await ask(socket, 3, 'Runtime.getHeapUsage')
    const used = isJsonObject(usage) ? usage['usedSize'] : undefined
    return Math.round((Number(used) / 1_048_576) * 10) / 10
  } finally {
    socket.close()
  }
}

function ask(socket: WebSocket, id: number, method: string): Promise<unknown> {
  return new Promise((resolve) => {
    const take = ({ data }: { readonly data: unknown }): void => {
      const answer: unknown = JSON.parse(String(data))
      if (!isJsonObject(answer) || answer['id'] !== id) return
      socket.removeEventListener('message', take)
      resolve(answer['result'])
    }
    socket.addEventListener('message', take)
    socket.send(JSON.stringify({ id, method }))
  })
}
