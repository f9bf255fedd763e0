import { spawn } from 'node:child_process'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

const SERVER = join(import.meta.dirname, '../bench/downstream.mjs')

/** The quick server of the bench in a process of its own, and a counter of its calls in front of it. */
export async function httpDownstream(): Promise<{ readonly url: string; readonly calls: () => number }> {
  const child = spawn(process.execPath, [SERVER, '3'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const target = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve))
  let calls = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      if (body.includes('"tools/call"')) calls += 1
      const onward = send(target, { method: request.method ?? 'POST', headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      })
      onward.on('error', () => response.destroy())
      onward.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, calls: () => calls }
}
