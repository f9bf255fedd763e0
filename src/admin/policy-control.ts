import type { ApprovalGrant } from '../kernel/approval.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Compilation } from '../policy/compile.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import type { PolicyBook } from './policy-book.ts'
import type { PolicyLayers } from './policy-layers.ts'

/** The policy as admins see and change it: both documents, and what would become of others. */
export interface PolicyControl extends Omit<PolicyBook, 'close'> {
  /** The document of the configuration in force. */
  declared(): PolicyDocument
  /** Why everything is denied: the managed policy cannot be used. Undefined when it can. */
  problem(): string | undefined
  /**
   * Compiles both documents, or others in their places, for the tools, agents and connections of now; nothing is put into
   * force. `accepted` as in `compileLayers`. Throws `policy_invalid`.
   */
  compile(layers: Partial<PolicyLayers>, accepted: (problem: JsonObject) => boolean): Compilation
  /** The time-boxed rules that approvers made. */
  grants(): readonly ApprovalGrant[]
  /** Lets everything that waits run first, between two parts of long work. */
  pause(): Promise<void>
}
