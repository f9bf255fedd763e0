import type { Principal } from '../kernel/principal.ts'
import type { Feature } from '../kernel/tool.ts'
import { type PolicyView, viewOf } from '../policy/view.ts'
import type { Snapshot } from './snapshot.ts'

/** Who asks, and through which toolset if any. Every `Exchange` is one. */
export interface Asker {
  readonly principal: Principal
  readonly toolset?: string | undefined
}

const NOTHING: PolicyView = { signature: '', tools: [], features: [] }

/** What somebody may know of: the one answer behind lists, search, descriptions and counts. */
export function viewFor(snapshot: Pick<Snapshot, 'policy' | 'toolsets'>, { principal, toolset }: Asker): PolicyView {
  const view = viewOf(snapshot.policy, principal)
  if (toolset === undefined) return view
  return snapshot.toolsets.get(toolset)?.within(view) ?? NOTHING
}

/** False for what the caller's toolset does not hold, and for everything when that toolset is gone. */
export const isWithin = ({ toolsets }: Pick<Snapshot, 'toolsets'>, feature: Feature, toolset: string | undefined) =>
  toolset === undefined || toolsets.get(toolset)?.has(feature) === true
