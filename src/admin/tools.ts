import { canonicalJson } from '../catalog/canonical-json.ts'
import { PINNED_FIELDS, pinnedPart } from '../catalog/fingerprint.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Effect, Risk, Tool } from '../kernel/tool.ts'
import { viewOf } from '../policy/view.ts'
import { type AdminDeps, type AdminSnapshot, asAdmin } from './admin.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'
import { principalOf } from './subject.ts'
import { type DiffPart, wordDiff } from './word-diff.ts'

export interface ToolFilter {
  readonly connection?: string | undefined
  /** Only what this agent sees. */
  readonly agent?: string | undefined
  readonly effect?: Effect | undefined
  readonly quarantined?: boolean | undefined
}

export interface ToolFacts {
  readonly id: string
  readonly wireName: string
  readonly connection: string
  readonly effect: Effect
  readonly external: boolean
  readonly risk: Risk
  readonly tags: readonly string[]
  readonly quarantined: boolean
  /** The first line of the description. */
  readonly summary: string
}

/** The tools of the catalog, ordered by id. */
export async function listTools(
  deps: AdminDeps,
  principal: Principal,
  filter: ToolFilter & PageRequest,
): Promise<Page<ToolFacts>> {
  return asAdmin(deps, principal, { type: 'tools.read', kind: 'look' }, () => {
    const matching = candidates(deps.snapshot(), principal, filter)
      .filter((tool) => filter.connection === undefined || tool.connection === filter.connection)
      .filter((tool) => filter.effect === undefined || tool.effect === filter.effect)
      .filter((tool) => filter.quarantined === undefined || tool.quarantined === filter.quarantined)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const page = pageOf(matching, (tool) => tool.id, filter)
    return { ...page, items: page.items.map(toFacts) }
  })
}

function candidates(snapshot: AdminSnapshot, admin: Principal, { agent }: ToolFilter): readonly Tool[] {
  if (agent === undefined) return [...snapshot.catalog.tools.values()]
  return viewOf(snapshot.policy, principalOf(snapshot, admin, { agent })).tools
}

const toFacts = (tool: Tool): ToolFacts => ({
  id: tool.id,
  wireName: tool.wireName,
  connection: tool.connection,
  effect: tool.effect,
  external: tool.external,
  risk: tool.risk,
  tags: tool.tags,
  quarantined: tool.quarantined,
  summary: (tool.definition.description ?? tool.definition.title ?? '').trim().split('\n', 1)[0] ?? '',
})

export interface ToolDiff {
  readonly tool: string
  readonly quarantined: boolean
  /** Of the definition as the source serves it now; `acceptTool` takes it back. */
  readonly fingerprint: string
  readonly accepted?: { readonly fingerprint: string; readonly at: number }
  /** The fields that differ. Empty although the fingerprints differ: the same words come from another server. */
  readonly fields: readonly FieldDiff[]
}

export interface FieldDiff {
  readonly field: string
  readonly parts: readonly DiffPart[]
}

/** What changed between the accepted definition of a tool and the one its source serves now. */
export async function diffTool(deps: AdminDeps, principal: Principal, name: string): Promise<ToolDiff> {
  return asAdmin(deps, principal, { type: 'tools.read', kind: 'look' }, async () => {
    const tool = knownTool(deps.snapshot(), name)
    const pin = await deps.pins.get(tool.id)
    const now = pinnedPart(tool.original ?? tool.definition)
    const fields = PINNED_FIELDS.map((field) => ({
      field,
      parts: wordDiff(toText(pin?.definition[field]), toText(now[field])),
    }))
    return {
      tool: tool.id,
      quarantined: tool.quarantined,
      fingerprint: tool.fingerprint,
      ...(pin && { accepted: { fingerprint: pin.fingerprint, at: pin.acceptedAt } }),
      fields: fields.filter(({ parts }) => parts.some(({ op }) => op !== 'same')),
    }
  })
}

/**
 * Accepts a changed definition, so that the tool shows again where rules allow it. With `fingerprint` only the
 * definition that the admin has looked at: throws `version_conflict` when it has changed again meanwhile.
 */
export async function acceptTool(
  deps: AdminDeps,
  principal: Principal,
  { tool: name, fingerprint }: { readonly tool: string; readonly fingerprint?: string | undefined },
): Promise<{ readonly tool: string; readonly fingerprint: string }> {
  const facts = { tool: name, ...(fingerprint !== undefined && { detail: { fingerprint } }) }
  return asAdmin(deps, principal, { type: 'tool.accepted', kind: 'change', facts }, async () => {
    const tool = knownTool(deps.snapshot(), name)
    if (fingerprint !== undefined && fingerprint !== tool.fingerprint) {
      throw new GatewayError(
        'version_conflict',
        `The definition of ${tool.id} has changed again. Look at it with \`gatehouse tools diff ${tool.id}\` and accept that one.`,
      )
    }
    await deps.pins.accept(tool.id, tool.fingerprint)
    return { tool: tool.id, fingerprint: tool.fingerprint }
  })
}

/** A tool by canonical id or portable name, whoever may see it. Throws `not_found`. */
export function knownTool({ catalog }: AdminSnapshot, name: string): Tool {
  const tool = catalog.find(name)
  if (tool) return tool
  throw new GatewayError(
    'not_found',
    `No connection has a tool "${name}" right now. See \`gatehouse tools list\`, and \`gatehouse status\` for connections that are down.`,
  )
}

const toText = (value: Json | undefined): string =>
  value === undefined
    ? ''
    : typeof value === 'string'
      ? value
      : JSON.stringify(JSON.parse(canonicalJson(value)), null, 2)
