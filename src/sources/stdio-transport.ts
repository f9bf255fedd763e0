import type { Transport } from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import { startChild, type ChildCommand, type ChildDeps, type ChildGroup } from './child-process.ts'
import { jsonLines } from './json-lines.ts'
import { checkedAnswer } from './lost-answer.ts'
import { settledWithin } from './schedule.ts'
import { stderrTail } from './stderr-tail.ts'

/** A transport over a child process that also says why it ended. */
export interface StdioTransport extends Transport {
  readonly pid: number | undefined
  /** The SDK takes a transport with `pid` and `stderr` for stdio, and probes its era on this very process. */
  readonly stderr: null
  /** Why the connection ended, once it has and nobody asked for it. */
  failure(): GatewayError | undefined
  /** The last lines that the server wrote to stderr. */
  lastWords(): string
}

type Message = Parameters<NonNullable<Transport['onmessage']>>[0]

/** What may wait for a child that does not read its stdin. */
const MAX_UNREAD_BYTES = 32 * 1024 * 1024
/** How long the last messages of a process that ended may take; a grandchild may hold the pipe open for ever. */
const DRAIN_MS = 200
/** How long the end of a process may be waited for once its stdin is broken. */
const LAST_WORDS_MS = 1_000

/**
 * MCP over the stdin and stdout of a child process, in a process group of its own (the SDK's transport has none, and
 * leaves grandchildren behind). stderr is always drained and its last 8 kB are kept.
 */
export function stdioTransport(command: ChildCommand, deps: ChildDeps): StdioTransport {
  const tail = stderrTail()
  let group: ChildGroup | undefined
  let failure: GatewayError | undefined
  let closing = false
  let finished = false
  let onOver = (): void => undefined
  const over = new Promise<void>((resolve) => {
    onOver = resolve
  })

  const finish = (): void => {
    if (finished) return
    finished = true
    onOver()
    transport.onclose?.()
  }
  const fail = (detail: string): void => {
    if (closing || finished) return
    failure ??= new GatewayError('upstream_failed', detail)
    finish()
    void group?.end()
  }
  const transport: StdioTransport = {
    get pid() {
      return group?.pid
    },
    stderr: null,
    failure: () => failure,
    lastWords: () => tail.lastLines(),
    async start() {
      group = await startChild(command, deps)
      listen(group, { fail, tail, schedule: deps.schedule, onMessage: (message) => transport.onmessage?.(message) })
    },
    async send(message) {
      try {
        await write(group, finished, JSON.stringify(message))
      } catch (error) {
        if (error instanceof GatewayError) throw error
        // A broken pipe is heard of before the end of the process that broke it, which says more.
        await settledWithin(over, LAST_WORDS_MS, deps.schedule)
        throw failure ?? error
      }
    },
    async close() {
      closing = true
      await group?.end()
      finish()
    },
  }
  return transport
}

interface Listening extends Pick<ChildDeps, 'schedule'> {
  readonly fail: (detail: string) => void
  readonly tail: ReturnType<typeof stderrTail>
  readonly onMessage: (message: Message) => void
}

function listen(group: ChildGroup, { fail, tail, schedule, onMessage }: Listening): void {
  const { process: child } = group
  // One microtask a message: the SDK handles a notification in the next one, and an answer that came in the same chunk
  // would overtake the progress before it.
  let delivered = Promise.resolve()
  const read = jsonLines({
    onMessage(message) {
      delivered = delivered
        .then(() => onMessage(checkedAnswer(message) as unknown as Message))
        .catch(() => fail('The server sent a message that cannot be handled.'))
    },
    onBroken: (detail) => fail(`The server does not speak MCP over stdio: ${detail}. Its logs belong on stderr.`),
  })
  const ended = (): void => fail(`The server's process ended (${group.ending() ?? 'its pipes are closed'}).`)
  child.stdout.on('data', read)
  child.stderr.on('data', (chunk: Buffer) => tail.push(chunk))
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined)
  child.on('error', () => undefined)
  child.once('close', ended)
  child.once('exit', () => schedule(ended, DRAIN_MS))
}

function write(group: ChildGroup | undefined, finished: boolean, text: string): Promise<void> {
  const stdin = group?.process.stdin
  if (!stdin?.writable || finished)
    return Promise.reject(new GatewayError('upstream_failed', 'The server is not running.'))
  if (stdin.writableLength > MAX_UNREAD_BYTES) {
    return Promise.reject(new GatewayError('upstream_failed', 'The server does not read its input.'))
  }
  return new Promise((resolve, reject) => {
    stdin.write(`${text}\n`, (error) => (error ? reject(error) : resolve()))
  })
}
