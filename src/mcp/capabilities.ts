import type { ServerCapabilities } from '@modelcontextprotocol/server'
import type { ClientRequest } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { McpDeps } from './deps.ts'

/** MCP Apps (SEP-1865): `_meta.ui` and `ui://` resources pass through. */
const APPS = 'io.modelcontextprotocol/ui'
/** Tasks (SEP-2663) need a server that keeps them: nobody is told that the other side has them. */
const TASKS = 'io.modelcontextprotocol/tasks'

/** What clients of either era are told that we can do: what the connected servers can, and never only for one era. */
export function serverCapabilities({ capabilities }: McpDeps): ServerCapabilities {
  const { resources, subscribe, prompts, completions } = capabilities()
  return {
    tools: { listChanged: true },
    logging: {},
    ...(resources && { resources: { listChanged: true, subscribe }, extensions: { [APPS]: {} } }),
    ...(prompts && { prompts: { listChanged: true } }),
    ...(completions && { completions: {} }),
  }
}

/** What a client declared, without what we do not carry. */
export function clientCapabilities(declared: JsonObject): JsonObject {
  const { tasks: _tasks, ...rest } = declared
  const { extensions } = rest
  if (!isJsonObject(extensions) || !(TASKS in extensions)) return 'tasks' in declared ? rest : declared
  return { ...rest, extensions: Object.fromEntries(Object.entries(extensions).filter(([id]) => id !== TASKS)) }
}

const ASKABLE = ['elicitation', 'sampling', 'roots']

/** True for a client that can be asked something at all. */
export const isAskable = (declared: JsonObject): boolean => ASKABLE.some((name) => isJsonObject(declared[name]))

/**
 * What a client would have to declare to be asked this and did not, as a ClientCapabilities object; undefined when it
 * can be asked. An elicitation capability without modes means forms.
 */
export function missingCapabilities(request: ClientRequest, declared: JsonObject): JsonObject | undefined {
  const [capability, member] = neededFor(request)
  const has = declared[capability]
  const isEnough =
    member === undefined || (isJsonObject(has) && (member in has || (member === 'form' && !('url' in has))))
  if (isJsonObject(has) && isEnough) return undefined
  return { [capability]: member === undefined ? {} : { [member]: {} } }
}

function neededFor({ method, params }: ClientRequest): readonly [capability: string, member?: string] {
  switch (method) {
    case 'elicitation/create':
      return ['elicitation', params['mode'] === 'url' ? 'url' : 'form']
    case 'sampling/createMessage':
      return 'tools' in params || 'toolChoice' in params ? ['sampling', 'tools'] : ['sampling']
    case 'roots/list':
      return ['roots']
    default:
      return ['experimental', method]
  }
}
