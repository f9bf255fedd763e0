import { BACKLOG } from '../kernel/backlog.ts'
import type { ChildProcess } from 'node:child_process'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** Connections that wait for a worker while none is ready. */
const MOST_WAITING = 1_000

/**
 * Holds the gateway's port and gives each connection to one worker, in turns. A connection that a worker has not taken when
 * it ends goes to another: `node:cluster` would leave its client waiting for ever.
 */
export interface Doorman {
  /** Opens the port, once; gives it. Rejects with the error of `listen`. */
  open(host: string, port: number): Promise<number>
  /** The worker takes connections from now on, until it ends. */
  add(worker: ChildProcess): void
  /** The worker has a connection. */
  taken(worker: ChildProcess, id: number): void
  remove(worker: ChildProcess): void
  close(): void
}

export function doorman(): Doorman {
  const workers = new Map<ChildProcess, Map<number, Socket>>()
  const waiting: Socket[] = []
  let bound: Promise<number> | undefined
  let turn = 0
  let nextId = 1
  const give = (socket: Socket): void => {
    const ready = [...workers].filter(([{ connected }]) => connected)
    const [worker, given] = ready[turn++ % Math.max(1, ready.length)] ?? []
    if (!worker || !given) {
      if (waiting.length < MOST_WAITING) waiting.push(socket)
      else socket.destroy()
      return
    }
    const id = nextId++
    given.set(id, socket)
    worker.send({ connection: id }, socket, { keepOpen: true })
  }
  // Nothing is read here: whoever takes the connection reads it from its first byte.
  const server = createServer({ pauseOnConnect: true, noDelay: true }, give)
  return {
    open: (host, port) =>
      (bound ??= new Promise<number>((resolve, reject) => {
        server.once('error', (error) => {
          bound = undefined
          reject(error)
        })
        server.listen(port, host, BACKLOG, () => resolve((server.address() as AddressInfo).port))
      })),
    add(worker) {
      if (!workers.has(worker)) workers.set(worker, new Map())
      for (const socket of waiting.splice(0)) give(socket)
    },
    taken(worker, id) {
      const given = workers.get(worker)
      given?.get(id)?.destroy()
      given?.delete(id)
    },
    remove(worker) {
      const given = workers.get(worker)
      workers.delete(worker)
      for (const socket of given?.values() ?? []) give(socket)
    },
    close() {
      server.close()
      for (const socket of waiting.splice(0)) socket.destroy()
    },
  }
}
