import { GatewayError } from '../kernel/errors.ts'
import type { Agent, Principal } from '../kernel/principal.ts'
import { type FeatureKind, isTool, type Tool } from '../kernel/tool.ts'
import type { GatewayDeps } from './gateway.ts'
import type { Page } from './list-pages.ts'
import { type Listing, type ToolPage, toToolPage } from './listing.ts'
import type { Snapshot } from './snapshot.ts'
import type { Presentation } from './tool-mode.ts'
import { type Asker, viewFor } from './view-for.ts'

/**
 * One page of the tools that a principal may see, in a stable order. No I/O: a dead upstream cannot delay it.
 * Throws `invalid_cursor` for a cursor that belongs to another list (the tools changed, or it was made up).
 */
export function listTools(deps: GatewayDeps, principal: Principal, cursor?: string, toolset?: string): ToolPage {
  return toToolPage(listFeatures(deps, 'tool', principal, cursor, toolset))
}

/** The same for any kind of features. */
export function listFeatures(
  deps: GatewayDeps,
  kind: FeatureKind,
  principal: Principal,
  cursor?: string,
  toolset?: string,
): Page {
  const page = featureListing(deps, deps.snapshot(), kind, { principal, toolset }).page(cursor)
  if (!page) {
    throw new GatewayError('invalid_cursor', 'This cursor is not of the current list. List again without a cursor.')
  }
  return page
}

/** Finds tools by the names that the asker's agent is shown. */
export function listingFor(
  deps: Pick<GatewayDeps, 'listings'>,
  snapshot: Snapshot,
  asker: Asker,
): Pick<Listing<Tool>, 'find'> {
  const listing = featureListing(deps, snapshot, 'tool', asker)
  return {
    find(name) {
      const found = listing.find(name)
      return found && isTool(found) ? found : undefined
    },
  }
}

export function featureListing(
  deps: Pick<GatewayDeps, 'listings'>,
  snapshot: Snapshot,
  kind: FeatureKind,
  asker: Asker,
): Listing {
  const agent = snapshot.agents.get(asker.principal.agent) ?? NOBODY
  const presentations = known.get(agent) ?? {
    usual: presentationOf(agent, false),
    curated: presentationOf(agent, true),
  }
  known.set(agent, presentations)
  return deps.listings.of(
    viewFor(snapshot, asker),
    kind,
    presentations[asker.toolset === undefined ? 'usual' : 'curated'],
  )
}

type Shown = Pick<Agent, 'toolNames' | 'toolMode' | 'pinned' | 'schemas'>
const NOBODY: Shown = { toolNames: 'portable' }
/** The same object for the same agent: listings are found by it. */
const known = new WeakMap<Shown, { readonly usual: Presentation; readonly curated: Presentation }>()

const presentationOf = (
  { toolNames: style, toolMode: mode = 'auto', pinned = [], schemas = 'full' }: Shown,
  isCurated: boolean,
): Presentation => ({ style, mode, pinned, schemas, isCurated })
