import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Declared } from '../helpers/composed.ts'
import type { Told } from './gateway.ts'

export type Measured = Extract<Told, { kind: 'measured' }>

/** The gateway in a process of its own. */
export interface GatewayProcess {
  readonly endpoint: URL
  readonly token: string
  /** Memory after a collection, and what is open. */
  measure(): Promise<Measured>
  close(): Promise<void>
}

const FLAGS = ['--expose-gc', '--import', 'tsx']

export async function gatewayProcess(declared: Declared): Promise<GatewayProcess> {
  const child = fork(join(import.meta.dirname, 'gateway.ts'), [JSON.stringify(declared)], { execArgv: FLAGS })
  const ready = await told(child, 'ready')
  return {
    endpoint: new URL(ready.endpoint),
    token: ready.token,
    measure() {
      child.send('measure')
      return told(child, 'measured')
    },
    async close() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** The next message of a kind; rejects when the process ends instead. */
async function told<K extends Told['kind']>(child: ChildProcess, kind: K): Promise<Extract<Told, { kind: K }>> {
  const heard = new AbortController()
  const { signal } = heard
  const [message] = (await Promise.race([
    once(child, 'message', { signal }),
    once(child, 'exit', { signal }).then(([code]) => Promise.reject(new Error(`the gateway ended: ${String(code)}`))),
  ]).finally(() => heard.abort())) as [Told]
  if (message.kind !== kind) throw new Error(`expected ${kind}, got ${message.kind}`)
  return message as Extract<Told, { kind: K }>
}
