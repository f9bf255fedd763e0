import type { Socket } from 'node:net'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { type ErrorCode, PROBLEMS } from '../kernel/problem.ts'

/** More questions than this without an answer, or bytes that the other side has not read, and asking is refused. */
const MOST_PENDING = 20_000
const MOST_UNREAD_BYTES = 64 * 1024 * 1024
/** One turn's messages are one line; a longer one is no line of ours. Characters. */
const MOST_LINE = 512 * 1024 * 1024

/** What one side answers to the other. A handler that throws answers with its GatewayError. */
export interface Handlers {
  readonly asked?: Readonly<Record<string, (params: Json) => unknown>>
  readonly told?: Readonly<Record<string, (params: Json) => void>>
}

/** The wire between a worker and the owner. Messages arrive in the order in which they were given. */
export interface Link {
  /** The other side's answer. Rejects with its GatewayError; `overloaded` (503) when the link is full, or breaks first. */
  ask(method: string, params: Json): Promise<unknown>
  /** Says something that needs no answer; lost when the link breaks. */
  tell(method: string, params: Json): void
  /** Aborts when the link is broken or closed. */
  readonly closed: AbortSignal
  close(): void
}

interface Waiting {
  resolve(answer: unknown): void
  reject(error: GatewayError): void
}

/** Speaks over a connected socket: lines of JSON, each an array of messages. Whatever is no such line breaks the link. */
export function link(socket: Socket, handlers: (link: Link) => Handlers): Link {
  const waiting = new Map<number, Waiting>()
  const closed = new AbortController()
  const out = writer(socket)
  let nextId = 1
  const made: Link = {
    ask(method, params) {
      if (closed.signal.aborted) return Promise.reject(ownerGone())
      if (waiting.size >= MOST_PENDING || socket.writableLength > MOST_UNREAD_BYTES) return Promise.reject(full())
      const id = nextId++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        out({ ask: method, id, params })
      })
    },
    tell: (method, params) => void (closed.signal.aborted || out({ tell: method, params })),
    closed: closed.signal,
    close: () => void socket.destroy(),
  }
  const { asked = {}, told = {} } = handlers(made)
  const take = (message: JsonObject): void => {
    if (typeof message['ask'] === 'string') void answer(asked[message['ask']], message).then(out)
    else if (typeof message['tell'] === 'string') told[message['tell']]?.(message['params'] ?? null)
    else settle(waiting, message)
  }
  readLines(socket, take)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    closed.abort()
    for (const { reject } of waiting.values()) reject(ownerGone())
    waiting.clear()
  })
  return made
}

async function answer(
  handler: ((params: Json) => unknown) | undefined,
  { ask, id = null, params = null }: JsonObject,
): Promise<object> {
  try {
    if (!handler) throw new GatewayError('internal', `The other process does not know ${JSON.stringify(ask)}.`)
    return { id, ok: (await handler(params)) ?? null }
  } catch (error) {
    const { code, message, data } = toGatewayError(error)
    return { id, fail: { code, message, data } }
  }
}

function settle(waiting: Map<number, Waiting>, { id, ok, fail }: JsonObject): void {
  const asking = waiting.get(Number(id))
  waiting.delete(Number(id))
  if (!isJsonObject(fail)) return asking?.resolve(ok)
  const { code, message, data } = fail
  asking?.reject(
    new GatewayError(isErrorCode(code) ? code : 'internal', typeof message === 'string' ? message : '', {
      data: isJsonObject(data) ? data : {},
    }),
  )
}

const isErrorCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(PROBLEMS, code)

/** A turn's messages leave together: one system call for all calls that ran in it. Text is made at once: values may change. */
function writer(socket: Socket): (message: object) => void {
  let parts: string[] = []
  const flush = (): void => {
    const line = `[${parts.join(',')}]\n`
    parts = []
    if (!socket.destroyed) socket.write(line)
  }
  return (message) => {
    if (parts.push(JSON.stringify(message)) === 1) setImmediate(flush)
  }
}

function readLines(socket: Socket, take: (message: JsonObject) => void): void {
  let parts: string[] = []
  let length = 0
  const line = (text: string): void => {
    const messages: unknown = JSON.parse(text)
    for (const message of Array.isArray(messages) ? messages : []) if (isJsonObject(message)) take(message)
  }
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    const lines = chunk.split('\n')
    const rest = lines.pop() ?? ''
    for (const text of lines) {
      line(parts.join('') + text)
      parts = []
      length = 0
    }
    length += rest.length
    if (length > MOST_LINE) socket.destroy()
    else if (rest !== '') parts.push(rest)
  })
}

/** Says that the process which owns the state has gone and is being started again. */
export const ownerGone = (): GatewayError =>
  new GatewayError(
    'overloaded',
    'The process that owns the state of this gateway has ended and is being started again. Try again in a second; a call that was running may have been made.',
    { data: { retryAfterMs: 1_000 } },
  )

const full = (): GatewayError =>
  new GatewayError('overloaded', 'The gateway has more work than it can follow. Try again in a second.', {
    data: { retryAfterMs: 1_000 },
  })
