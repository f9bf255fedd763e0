import type { Feature } from '../../kernel/tool.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import { NOWHERE } from '../tool-index.ts'

/** JSON Pointers into a tool's arguments that any rule refers to, also in shadow mode; none for a tool it does not know. */
export const projectionPaths = (policy: CompiledPolicy, tool: Feature): readonly string[] =>
  policy.pointersAt(policy.index.placeOf(tool) ?? NOWHERE)
