import type { Feature, SourceFeature, ToolId } from '../kernel/tool.ts'
import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.ts'
import { hashed, toAction, toToolId, toWireName } from './names.ts'
import { uriMatcher } from './uri-template.ts'

/** The resources, templates and prompts of one connection, as its source last listed them. */
export interface FeatureInput {
  readonly connection: string
  readonly provider: string
  readonly identity: string
  readonly owner?: string | undefined
  readonly features?: readonly SourceFeature[] | undefined
}

/** Where a resource that an agent asks for lives. */
export interface ResourcePlace {
  /** The resource, or the template that its URI comes from. */
  readonly feature: Feature
  /** The URI as its source knows it. */
  readonly uri: string
}

export interface Features {
  readonly all: readonly Feature[]
  prompt(name: string): Feature | undefined
  /** The owner of a URI: who lists it, else whose template fits. */
  resource(uri: string): ResourcePlace | undefined
  /** The URI under which agents know a connection's resource. */
  wireUri(connection: string, uri: string): string
  /** True when a connection has URIs that agents know under another name. */
  isRenamed(connection: string): boolean
}

/** The prefix of URIs that had to be told apart. */
const MINTED = /^conn:\/\/([a-z0-9][a-z0-9_-]*)\/(.+)$/

/** Everything but tools, named so that no connection can take another's place. */
export function buildFeatures(inputs: readonly FeatureInput[]): Features {
  const shared = sharedUris(inputs)
  const wireUri = (connection: string, uri: string): string =>
    shared.has(uri) ? `conn://${connection}/${encodeURIComponent(uri)}` : uri
  const all = inputs.flatMap((input) => toFeatures(input, wireUri))
  const prompts = new Map(
    all
      .filter(({ kind }) => kind === 'prompt')
      .flatMap((prompt) => [[prompt.wireName, prompt] as const, [prompt.id, prompt] as const]),
  )
  const resources = new Map(
    all.filter(({ kind }) => kind === 'resource').map((resource) => [resource.wireName, resource]),
  )
  const templates = all
    .filter(({ kind }) => kind === 'template')
    .map((feature) => ({ feature, matches: uriMatcher(feature.name) }))
  const owned = (connection: string, uri: string): Feature | undefined =>
    all.find((feature) => feature.kind === 'resource' && feature.connection === connection && feature.name === uri) ??
    templates.find(({ feature, matches }) => feature.connection === connection && matches(uri))?.feature
  const renamed = new Set(
    all
      .filter(({ name, wireName, kind }) => kind === 'resource' && name !== wireName)
      .map(({ connection }) => connection),
  )
  return {
    all,
    prompt: (name) => prompts.get(name),
    resource(uri) {
      const [, connection, encoded] = MINTED.exec(uri) ?? []
      const original = encoded === undefined ? undefined : decoded(encoded)
      if (connection !== undefined && original !== undefined) {
        const feature = owned(connection, original)
        if (feature) return { feature, uri: original }
      }
      const feature = resources.get(uri) ?? templates.find(({ matches }) => matches(uri))?.feature
      return feature && { feature, uri }
    },
    wireUri,
    isRenamed: (connection) => renamed.has(connection),
  }
}

function toFeatures(input: FeatureInput, wireUri: (connection: string, uri: string) => string): readonly Feature[] {
  return (input.features ?? []).map(({ kind, name, definition }) => {
    const id = toFeatureId(input.connection, kind, name)
    const wireName =
      kind === 'prompt'
        ? promptName(input.connection, name)
        : kind === 'resource'
          ? wireUri(input.connection, name)
          : name
    return {
      kind,
      id,
      connection: input.connection,
      provider: input.provider,
      ...(input.owner !== undefined && { owner: input.owner }),
      name,
      wireName,
      effect: 'read',
      external: false,
      idempotent: true,
      tags: [],
      risk: 'low',
      definition,
      fingerprint: createHash('sha256')
        .update(canonicalJson([input.identity, kind, definition]))
        .digest('hex'),
      quarantined: false,
    }
  })
}

/** `conn:<connection>:prompt:<name>` and the like: an id of the policy's and the audit's, not of the wire. */
const toFeatureId = (connection: string, kind: string, name: string): ToolId =>
  `conn:${connection}:${kind}:${name}` as ToolId

function promptName(connection: string, name: string): string {
  const id = toToolId(connection, toAction(name))
  return toAction(name) === name ? toWireName(id) : hashed(toWireName(id), name)
}

function sharedUris(inputs: readonly FeatureInput[]): ReadonlySet<string> {
  const owners = new Map<string, string>()
  const shared = new Set<string>()
  for (const { connection, features = [] } of inputs) {
    for (const { kind, name } of features) {
      if (kind !== 'resource') continue
      const owner = owners.get(name)
      if (owner !== undefined && owner !== connection) shared.add(name)
      owners.set(name, connection)
    }
  }
  return shared
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
