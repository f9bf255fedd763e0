import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { SourceFeature } from '../kernel/tool.ts'
import { hasForbiddenKey, isShallow } from './json-bounds.ts'
import { walkPages, type PageReader } from './pages.ts'
import { printable } from './stderr-tail.ts'

type Kind = SourceFeature['kind']

export interface FeatureListing {
  readonly features: readonly SourceFeature[]
  /** What was left out, and why, for an admin. */
  readonly problems: readonly string[]
}

export const NO_FEATURES: FeatureListing = { features: [], problems: [] }

/** How each kind is listed: the method, the member of its result, and what names an item. */
interface List {
  readonly kind: Kind
  readonly capability: 'resources' | 'prompts'
  readonly method: string
  readonly member: string
  readonly key: string
}

const LISTS: readonly List[] = [
  { kind: 'resource', capability: 'resources', method: 'resources/list', member: 'resources', key: 'uri' },
  {
    kind: 'template',
    capability: 'resources',
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
  },
  { kind: 'prompt', capability: 'prompts', method: 'prompts/list', member: 'prompts', key: 'name' },
]

const MAX_FEATURES = 10_000
const MAX_LIST_BYTES = 32 * 1024 * 1024
const MAX_DEFINITION_BYTES = 64 * 1024
const MAX_DEPTH = 32
const NAME = /^[^\p{Cc}]{1,2048}$/u

export interface FeatureReader {
  /** What the server says that it offers; lists of other things are not asked for. */
  readonly capabilities: JsonObject
  readonly read: (method: string) => PageReader
  /** Why a list could not be read, in words for an admin; undefined when there is nothing to tell. */
  readonly explain: (error: unknown, method: string) => string | undefined
}

/**
 * The resources, templates and prompts of a server, definitions untouched. A list that fails keeps what it held in `before`
 * and is named in `problems`; what cannot be offered safely is left out and named too. Never rejects.
 */
export async function listFeatures(
  reader: FeatureReader,
  before: FeatureListing = NO_FEATURES,
): Promise<FeatureListing> {
  const lists = await Promise.all(
    LISTS.filter(({ capability }) => isJsonObject(reader.capabilities[capability])).map((list) =>
      readList(reader, list, before),
    ),
  )
  return { features: lists.flatMap(({ features }) => features), problems: lists.flatMap(({ problems }) => problems) }
}

async function readList(reader: FeatureReader, list: List, before: FeatureListing): Promise<FeatureListing> {
  const features = new Map<string, SourceFeature>()
  const problems: string[] = []
  let bytes = 0
  const take = (item: unknown): boolean => {
    const feature = toFeature(item, list)
    const fault = typeof feature === 'string' ? feature : features.has(feature.name) ? 'it is listed twice' : undefined
    if (typeof feature === 'string' || fault !== undefined) {
      problems.push(`${nameOf(item, list)} is not offered: ${fault}`)
      return true
    }
    bytes += sizeOf(feature.definition)
    if (features.size === MAX_FEATURES || bytes > MAX_LIST_BYTES) {
      problems.push(
        `${list.method}: only the first ${features.size} are offered: the list is larger than the gateway takes`,
      )
      return false
    }
    features.set(feature.name, feature)
    return true
  }
  try {
    const problem = (text: string): void => void problems.push(`${list.method}: ${text}`)
    await walkPages(reader.read(list.method), { ...list, take, problem })
    return { features: [...features.values()], problems }
  } catch (error) {
    const reason = reader.explain(error, list.method)
    return {
      features: before.features.filter(({ kind }) => kind === list.kind),
      problems: reason === undefined ? [] : [`${list.method} failed: ${reason}`],
    }
  }
}

/** The feature, or why it is none. */
function toFeature(item: unknown, { kind, key }: List): SourceFeature | string {
  const name = isJsonObject(item) ? item[key] : undefined
  if (!isJsonObject(item) || typeof name !== 'string') return `it has no ${key}`
  if (!NAME.test(name)) return `its ${key} is empty, longer than 2048 characters or has control characters`
  if (!isShallow(item, MAX_DEPTH)) return `its definition is nested deeper than ${MAX_DEPTH}`
  if (hasForbiddenKey(item)) return 'its definition has a key "__proto__"'
  if (sizeOf(item) > MAX_DEFINITION_BYTES) return `its definition is larger than ${MAX_DEFINITION_BYTES} bytes`
  return { kind, name, definition: item }
}

const sizeOf = (value: JsonObject): number => Buffer.byteLength(JSON.stringify(value))

function nameOf(item: unknown, { kind, key }: List): string {
  const name = isJsonObject(item) ? item[key] : undefined
  return typeof name === 'string' && name !== '' ? `${kind} "${printable(name).slice(0, 64)}"` : `a ${kind}`
}
