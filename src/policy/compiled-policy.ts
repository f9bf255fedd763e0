import type { Agent, Principal } from '../kernel/principal.ts'
import type { Origin, Origins } from './merge.ts'
import type { CompiledRule } from './rule.ts'
import type { PolicyDocument } from './schema.ts'
import type { ToolIndex } from './tool-index.ts'
import type { View } from './view-cache.ts'

/** A policy ready to decide, bound to one catalog. Immutable to its users; its caches live and die with it. */
export interface CompiledPolicy {
  /** Differs when the document does. */
  readonly version: string
  readonly document: PolicyDocument
  /** Which document a rule of this id stands in; `declared` when there is only one. */
  readonly originOf: (rule: string) => Origin
  /** Says of which document a problem of the whole policy is, and where there. */
  readonly locate: Origins['locate']
  readonly agents: ReadonlyMap<string, Agent>
  /** The enabled rules in the order of their ids. */
  readonly rules: readonly CompiledRule[]
  readonly index: ToolIndex
  readonly find: (principal: Principal) => View
  /** JSON Pointers into the arguments of the tool at a place of the index that any rule refers to. */
  readonly pointersAt: (place: number) => readonly string[]
}
