import { type AddressInfo, createServer } from 'node:net'
import { GatewayError } from '../kernel/errors.ts'

/** A port that workers can listen on: the one that is wanted, or any free one for 0. Throws `port_in_use`, `usage`. */
export const freePort = (host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (cause: NodeJS.ErrnoException) => reject(problem(cause, host, port)))
    server.listen(port, host, () => {
      const { port: free } = server.address() as AddressInfo
      server.close(() => resolve(free))
    })
  })

function problem(cause: NodeJS.ErrnoException, host: string, port: number): GatewayError {
  if (cause.code === 'EADDRINUSE') {
    const detail = `Port ${port} on ${host} is in use by another program. Stop that program, or choose another port in server.port.`
    return new GatewayError('port_in_use', detail, { cause, data: { host, port } })
  }
  const detail = `Cannot listen on ${host}:${port} (${cause.code ?? 'unknown reason'}). Choose a port from 1024 up, and an address of this machine.`
  return new GatewayError('usage', detail, { cause })
}
