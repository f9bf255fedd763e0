import type { ToolPage } from '../gateway/listing.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'
import type { ToolsPort } from './deps.ts'
import { withoutHopMeta } from './meta.ts'

/** What the eras do differently with tools and their results. */
export interface Projection {
  /** The members of a page in bytes; undefined when the SDK would send the page to that era changed. */
  encoded(page: ToolPage, exchange: Exchange): Buffer | undefined
  /** A tool result as the caller's era can read it, without what belongs to the hop behind us. */
  result(name: string, result: ToolResult, exchange: Exchange): JsonObject
}

/** What has to be known of a page, worked out once. */
interface PageFacts {
  /** Tools with an output schema that has no object at its root, by every name that a call may use. */
  readonly wrapped: ReadonlySet<Json>
  /** `execution` left the protocol with 2026-07-28. */
  readonly hasExecution: boolean
}

/**
 * Before 2026-07-28 an output schema has an object at its root: lists carry every other schema as `{ result: … }` (the
 * SDK does that), and so must the results (it leaves that to us).
 */
export function projection(tools: ToolsPort): Projection {
  const known = new WeakMap<ToolPage, PageFacts>()
  const factsOf = (page: ToolPage): PageFacts => {
    const facts = known.get(page) ?? toFacts(page)
    known.set(page, facts)
    return facts
  }
  const isWrapped = (name: string, { principal, toolset }: Exchange): boolean => {
    let page: ToolPage | undefined = tools.list(principal, undefined, toolset)
    while (page) {
      if (factsOf(page).wrapped.has(name)) return true
      page = page.nextCursor === undefined ? undefined : tools.list(principal, page.nextCursor, toolset)
    }
    return false
  }
  return {
    encoded(page, { protocol }) {
      const { hasExecution, wrapped } = factsOf(page)
      const changed = protocol.era === 'modern' ? hasExecution : wrapped.size > 0
      return changed ? undefined : page.bytes
    },
    result(name, raw, exchange) {
      const result = withoutHopMeta(withoutType(raw))
      const { structuredContent } = result
      if (exchange.protocol.era === 'modern' || structuredContent === undefined) return result
      const wrap = !isJsonObject(structuredContent) || isWrapped(name, exchange)
      return wrap
        ? { ...withText(result, structuredContent), structuredContent: { result: structuredContent } }
        : result
    },
  }
}

/** The same object when it says nothing of the kind. */
function withoutType(result: JsonObject): JsonObject {
  if (result['resultType'] === undefined) return result
  const { resultType: _hop, ...rest } = result
  return rest
}

const toFacts = ({ tools }: ToolPage): PageFacts => ({
  wrapped: new Set(
    tools
      .filter(({ outputSchema }) => isJsonObject(outputSchema) && outputSchema['type'] !== 'object')
      .flatMap(({ name, _meta }) => [name, isJsonObject(_meta) ? _meta['dev.gatehouse/id'] : undefined])
      .filter((name) => name !== undefined),
  ),
  hasExecution: tools.some((tool) => 'execution' in tool),
})

/** A client that cannot read structured content still gets the value as text. */
function withText(result: JsonObject, value: Json): JsonObject {
  const content = Array.isArray(result['content']) ? (result['content'] as readonly Json[]) : []
  if (isJsonObject(value) || content.some((block) => isJsonObject(block) && block['type'] === 'text')) return result
  return { ...result, content: [...content, { type: 'text', text: JSON.stringify(value) }] }
}
