import { once } from 'node:events'
import { createServer, Server, type AddressInfo } from 'node:net'
import { createEmulator, type SeedConfig, type ServiceName } from 'emulate'

/** A running emulator, reachable from this machine only. */
export interface LoopbackEmulator {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Starts one emulated service on a free port of loopback. Rejects when the port was taken in the meantime. */
export async function loopbackEmulator(service: ServiceName, seed: SeedConfig): Promise<LoopbackEmulator> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const emulator = await onLoopback(port, () => createEmulator({ service, port, seed, baseUrl: url }))
  return { url, port, close: () => emulator.close() }
}

/** The emulators need to be told a port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * The emulators have no option for an address: they listen on every interface, take any token, and leave a port that is
 * taken to crash the process. So for as long as one starts, its `listen` gets our address, and is waited for.
 */
async function onLoopback<T>(port: number, start: () => Promise<T>): Promise<T> {
  const listen = Object.getOwnPropertyDescriptor(Server.prototype, 'listen')
  const original = listen?.value as (...args: readonly unknown[]) => Server
  let listening: Promise<unknown> = Promise.reject(new Error('The emulator did not listen.'))
  listening.catch(() => undefined)
  const ours = function (this: Server, ...args: readonly unknown[]): Server {
    if (args[0] !== port) return original.apply(this, [...args])
    listening = once(this, 'listening')
    return original.call(this, port, '127.0.0.1')
  }
  Object.defineProperty(Server.prototype, 'listen', { ...listen, value: ours })
  try {
    const started = await start()
    await listening
    return started
  } finally {
    Object.defineProperty(Server.prototype, 'listen', listen ?? {})
  }
}
