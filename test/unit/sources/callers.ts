import type { ClientRequest, Exchange } from '../../../src/kernel/exchange.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { anExchange } from './mcp-fixture.ts'

type Era = 'legacy' | 'modern'

const VERSIONS: Readonly<Record<Era, string>> = { legacy: '2025-11-25', modern: '2026-07-28' }
export const ALL: JsonObject = { elicitation: {}, sampling: {}, roots: { listChanged: true }, tasks: {} }

export const ANSWERS: Readonly<Record<string, JsonObject>> = {
  'elicitation/create': { action: 'accept', content: { name: 'Ann' } },
  'sampling/createMessage': { role: 'assistant', model: 'm', content: { type: 'text', text: 'hi' } },
  'roots/list': { roots: [{ uri: 'file:///a' }] },
}

export interface Caller extends Partial<Exchange> {
  /** What it was asked. */
  readonly asked: ClientRequest[]
}

/** A caller that can be asked, and keeps the questions. */
export function caller(
  era: Era,
  { capabilities = ALL, name = 'ann', answer = (request: ClientRequest) => ANSWERS[request.method] ?? {} } = {},
): Caller {
  const asked: ClientRequest[] = []
  return {
    asked,
    principal: { ...anExchange().principal, id: `agent:${name}` },
    protocol: { era, version: VERSIONS[era], capabilities },
    async ask(request) {
      asked.push(request)
      return answer(request)
    },
  }
}

/** A caller that cannot be asked. */
export const mute = (era: Era): Partial<Exchange> => ({
  protocol: { era, version: VERSIONS[era], capabilities: {} },
})
