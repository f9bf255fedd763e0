import type { Feature } from '../../kernel/tool.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'

/** JSON Pointers into a tool's arguments that any rule refers to, also in shadow mode; none for a tool it does not know. */
export function projectionPaths(policy: CompiledPolicy, tool: Feature): readonly string[] {
  const place = policy.index.placeOf(tool)
  return place === undefined ? [] : policy.pointersAt(place)
}
