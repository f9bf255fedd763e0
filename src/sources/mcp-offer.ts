import { knownWords } from './known-tools.ts'
import { listFeatures, type FeatureListing } from './mcp-features.ts'
import { isAnswer, toCallError } from './mcp-failure.ts'
import type { Link } from './mcp-link.ts'
import type { McpDeps, McpSpec, McpTimeouts } from './mcp-spec.ts'
import { listTools, type ToolListing } from './mcp-tools.ts'
import type { PageReader } from './pages.ts'
import { ask } from './relay.ts'
import { deadline } from './schedule.ts'

interface Reading {
  readonly spec: McpSpec
  readonly deps: McpDeps
  readonly timeouts: McpTimeouts
}

/** The tools that a link lists. Rejects when they cannot be listed; a server without tools is asked for none. */
export function readTools({ spec, timeouts }: Reading, link: Link, signal: AbortSignal): Promise<ToolListing> {
  const none: PageReader = () => Promise.resolve({ tools: [] })
  return listTools(link.capabilities.tools ? pagesOf(link, 'tools/list', timeouts, signal) : none, {
    trustAnnotations: spec.trustAnnotations,
    mirrorsHeaders: mirrorsHeaders(link),
    words: knownWords(link.client.getServerVersion()?.name, spec.transport),
  })
}

/**
 * The resources, templates and prompts that a link lists. Never rejects, and takes at most half of the time for
 * connecting: tools do not wait for resources that do not come.
 */
export async function readFeatures(
  { spec, timeouts, deps }: Reading,
  link: Link,
  signal: AbortSignal,
  before: FeatureListing,
): Promise<FeatureListing> {
  const limit = deadline(signal, timeouts.connectMs / 2, deps.schedule)
  try {
    const reader = {
      capabilities: { ...(link.capabilities.resources && RESOURCES), ...(link.capabilities.prompts && PROMPTS) },
      read: (method: string) => pagesOf(link, method, timeouts, limit.signal),
      explain: (error: unknown, method: string) =>
        isAnswer(error) ? whyRefused(error, method, spec) : link.explain(error).message,
    }
    return await listFeatures(reader, before)
  } finally {
    limit.release()
  }
}

const RESOURCES = { resources: {} }
const PROMPTS = { prompts: {} }

/**
 * Templates have no capability of their own, and a server of a forced era was not asked for any: it may not know the method.
 */
const whyRefused = (error: unknown, method: string, { era }: McpSpec): string | undefined =>
  method === 'resources/templates/list' || era === 'modern' ? undefined : toCallError(error).message

const pagesOf =
  (link: Link, method: string, { connectMs }: McpTimeouts, signal: AbortSignal): PageReader =>
  (cursor) =>
    ask(link.client, method, cursor === undefined ? {} : { cursor }, { signal, timeout: connectMs })

/** Whether arguments are mirrored into headers (MCP 2026-07-28, Streamable HTTP). */
export const mirrorsHeaders = ({ era, kind }: Link): boolean => era === 'modern' && kind === 'http'
