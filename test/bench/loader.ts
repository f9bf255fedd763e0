import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Load, Measured } from './load.ts'
import { start } from './processes.ts'
import type { Endpoint, ToolCall } from './requests.ts'

/** What the load generator is told to send: calls in turns, whole lists, or calls over the transport of 2024-11-05. */
export type Job = Load & { readonly endpoint: Endpoint } & (
    | { readonly kind: 'call' | 'sse'; readonly calls: readonly ToolCall[] }
    | { readonly kind: 'list' }
  )

export type Told = Measured & { readonly pages?: number }

/** The load generator, in a process of its own. */
export interface Loader {
  /** One job at a time. Rejects when a request fails. */
  run(job: Job): Promise<Told>
  stop(): Promise<void>
}

export function startLoader(): Loader {
  const program = join(import.meta.dirname, 'load-process.ts')
  const child = start(['--import', 'tsx', program], {}, 'pipe')
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error('The load generator has no pipes.')
  child.stderr?.pipe(process.stderr)
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    async run(job) {
      stdin.write(`${JSON.stringify(job)}\n`)
      const line = await lines.next()
      if (line.done === true) throw new Error('The load generator has ended.')
      const told = JSON.parse(line.value) as Told & { readonly error?: string }
      if (told.error !== undefined) throw new Error(told.error)
      return told
    },
    async stop() {
      stdin.end()
      await ended
    },
  }
}
