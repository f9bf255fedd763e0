import type { ClientRequest, Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'

/** MCP Apps; the one extension that is carried through. */
const UI = 'io.modelcontextprotocol/ui'
const ASKABLE = ['elicitation', 'sampling', 'roots'] as const

/**
 * What servers are told that a client can do when it is not one caller's request: all that is carried at all. What the caller
 * of a call cannot do is refused when it is asked for (see `canBeAsked`).
 */
export const CARRIED = {
  elicitation: { form: {}, url: {} },
  sampling: { context: {}, tools: {} },
  roots: {},
  extensions: { [UI]: { mimeTypes: ['text/html;profile=mcp-app'] } },
}

/** What one caller can do and is carried: sent with each request of the modern era. */
export function carriedOf({ protocol: { era, capabilities }, ask }: Exchange): JsonObject {
  const { extensions } = capabilities
  const ui = isJsonObject(extensions) ? extensions[UI] : undefined
  const isAskable = era === 'modern' || ask !== undefined
  const asked = ASKABLE.filter((name) => isAskable && isJsonObject(capabilities[name]))
  return {
    ...Object.fromEntries(asked.map((name) => [name, capabilities[name]])),
    ...(isJsonObject(ui) && { extensions: { [UI]: ui } }),
  }
}

/** True when the caller can be asked something while its call runs. */
export const isAskable = ({ ask, protocol: { capabilities } }: Exchange): boolean =>
  ask !== undefined && ASKABLE.some((name) => isJsonObject(capabilities[name]))

/** True when the caller declared that it can answer this very request: the method, its mode, and its tools. */
export function canBeAsked({ ask, protocol: { capabilities } }: Exchange, { method, params }: ClientRequest): boolean {
  if (!ask) return false
  const { elicitation, sampling, roots } = capabilities
  switch (method) {
    case 'elicitation/create':
      return isJsonObject(elicitation) && hasMode(elicitation, params['mode'])
    case 'sampling/createMessage': {
      const wantsTools = params['tools'] !== undefined || params['toolChoice'] !== undefined
      return isJsonObject(sampling) && (!wantsTools || isJsonObject(sampling['tools']))
    }
    case 'roots/list':
      return isJsonObject(roots)
    default:
      return false
  }
}

/** Without any mode a client takes forms (MCP 2025-11-25, Elicitation, Capabilities). */
const hasMode = ({ form, url }: JsonObject, mode: Json | undefined): boolean =>
  mode === 'url' ? url !== undefined : form !== undefined || url === undefined
