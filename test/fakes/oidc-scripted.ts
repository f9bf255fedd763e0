import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A request as the authorization server got it. */
export interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Said {
  readonly status?: number
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
  /** Never answers. */
  readonly silent?: boolean
}

/** An authorization server that says what a test tells it to, in the order told; the last answer stays. */
export interface ScriptedServer {
  readonly url: string
  readonly heard: Heard[]
  says(...answers: readonly Said[]): void
  close(): Promise<void>
}

export async function scriptedServer(): Promise<ScriptedServer> {
  const heard: Heard[] = []
  let script: Said[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      heard.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
      const said = script.length > 1 ? script.shift() : script[0]
      if (!said || said.silent) return
      const { status = 200, type = 'application/json', headers = {} } = said
      response.writeHead(status, { 'content-type': type, ...headers })
      response.end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body))
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    says: (...answers) => {
      script = [...answers]
      heard.length = 0
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}
