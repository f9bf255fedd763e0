import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { viewOf } from '../policy/view.ts'
import type { GatewayDeps } from './gateway.ts'
import type { Listing, ToolPage } from './listing.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * One page of the tools that a principal may see, in a stable order. No I/O: a dead upstream cannot delay it.
 * Throws `invalid_cursor` for a cursor that belongs to another list (the tools changed, or it was made up).
 */
export function listTools(deps: GatewayDeps, principal: Principal, cursor?: string): ToolPage {
  const page = listingFor(deps, deps.snapshot(), principal).page(cursor)
  if (!page) {
    throw new GatewayError(
      'invalid_cursor',
      'This cursor is not of the current tool list. List again without a cursor.',
    )
  }
  return page
}

/** The listing of the principal's view in its agent's name style. */
export function listingFor(deps: Pick<GatewayDeps, 'listings'>, snapshot: Snapshot, principal: Principal): Listing {
  const style = snapshot.agents.get(principal.agent)?.toolNames ?? 'portable'
  return deps.listings.of(viewOf(snapshot.policy, principal), style)
}
