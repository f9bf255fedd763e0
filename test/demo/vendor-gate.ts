import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A door in front of an emulated service, on loopback. */
export interface VendorGate {
  readonly url: string
  close(): Promise<void>
}

export interface GateOptions {
  /** The port of the emulator behind. */
  readonly port: number
  readonly token: string
  /** The service's own way to refuse a token. */
  readonly refusal: { readonly status: number; readonly body: unknown }
  /** GET answers that the emulator does not know, by path. */
  readonly answers?: Readonly<Record<string, unknown>>
}

const PASSED_ON = ['content-type', 'link', 'retry-after', 'x-ratelimit-remaining', 'x-ratelimit-reset']

/** Emulators accept any token; behind the gate only one is good, so that a dead credential can be seen too. */
export async function vendorGate({ port, token, refusal, answers = {} }: GateOptions): Promise<VendorGate> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<Response> => {
      if (request.headers.authorization !== `Bearer ${token}`) {
        return Response.json(refusal.body, { status: refusal.status })
      }
      const { pathname } = new URL(request.url ?? '/', 'http://gate.invalid')
      return Object.hasOwn(answers, pathname) ? Response.json(answers[pathname]) : await passOn(request, port)
    }
    answer().then(
      async (reply) => {
        const headers = PASSED_ON.flatMap((name) => {
          const value = reply.headers.get(name)
          return value === null ? [] : [[name, value] as const]
        })
        response.writeHead(reply.status, Object.fromEntries(headers))
        response.end(Buffer.from(await reply.arrayBuffer()))
      },
      () => response.writeHead(502).end(),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

async function passOn(request: IncomingMessage, port: number): Promise<Response> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method = 'GET', headers } = request
  return await fetch(`http://127.0.0.1:${port}${request.url}`, {
    method,
    headers: {
      authorization: headers.authorization ?? '',
      ...(headers.accept ? { accept: headers.accept } : {}),
      ...(headers['content-type'] ? { 'content-type': headers['content-type'] } : {}),
      connection: 'close',
    },
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  })
}
