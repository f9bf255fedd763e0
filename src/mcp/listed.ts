import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { McpDeps } from './deps.ts'
import type { StateBinding } from './request-state.ts'

/** True when what the request names stands in its principal's list now. Only `tools/call`, `prompts/get`, `resources/read`. */
export function isListed(
  { tools, features }: Pick<McpDeps, 'tools' | 'features'>,
  { principal, toolset, method, params }: StateBinding,
): boolean {
  const { name, uri } = params
  if (method === 'tools/call') {
    return someItem(
      (cursor) => tools.list(principal, cursor, toolset),
      (page) => page.tools,
      (tool) => tool['name'] === name || isCanonicalId(tool, name),
    )
  }
  const kind = method === 'prompts/get' ? 'prompt' : 'resource'
  return someItem(
    (cursor) => features.list(kind, principal, cursor, toolset),
    (page) => page.items,
    (item) => (kind === 'prompt' ? item['name'] === name : item['uri'] === uri),
  )
}

const isCanonicalId = ({ _meta }: JsonObject, name: unknown): boolean =>
  isJsonObject(_meta) && _meta['dev.gatehouse/id'] === name

function someItem<P extends { readonly nextCursor?: string }>(
  list: (cursor?: string) => P,
  items: (page: P) => readonly JsonObject[],
  matches: (item: JsonObject) => boolean,
): boolean {
  for (let page = list(); ; page = list(page.nextCursor)) {
    if (items(page).some(matches)) return true
    if (page.nextCursor === undefined) return false
  }
}
