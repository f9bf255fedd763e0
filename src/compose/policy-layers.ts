import type { ActivePolicy } from '../admin/policy-book.ts'
import { EMPTY_POLICY } from '../admin/policy-document.ts'
import { compileLayers, type PolicyLayers, problemsOf } from '../admin/policy-layers.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Compilation, type CompileOptions, compilePolicy } from '../policy/compile.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import type { PolicyWorld } from '../policy/world.ts'

export interface LayeredOptions {
  /** The managed policy that the store says is in force. */
  managed(): ActivePolicy
  /** Lets a command run on a managed policy that cannot be used, to replace it: everything is denied meanwhile. */
  readonly denyWhenBroken: boolean
  readonly compile: CompileOptions
}

/** The declared and the managed policy as one, for the tools, agents and connections of a moment. */
export interface LayeredPolicy {
  /** For a configuration that is about to be taken: its own names are read strictly. Throws `policy_invalid`. */
  check(declared: PolicyDocument, world: PolicyWorld): Compilation
  /** For one that was taken: a name that has come to stand for nothing is a warning. Throws `policy_invalid`. */
  compile(declared: PolicyDocument, world: PolicyWorld): Compilation
  /** For documents of which nothing is in force. */
  compileOther(layers: PolicyLayers, world: PolicyWorld, accepted: (problem: JsonObject) => boolean): Compilation
  /** Why everything is denied; undefined when the managed policy can be used. */
  problem(): string | undefined
}

/** What stands in for a policy that cannot be used. */
const DENY_ALL: PolicyDocument = { rules: [] }

export function layeredPolicy({ managed, denyWhenBroken, compile: options }: LayeredOptions): LayeredPolicy {
  let problem: string | undefined
  const compileOther: LayeredPolicy['compileOther'] = (layers, world, accepted) =>
    compileLayers(layers, world, { ...options, accepted })
  const compileBoth = (
    declared: PolicyDocument,
    world: PolicyWorld,
    accepted: (problem: JsonObject) => boolean,
  ): Compilation => {
    const active = managed()
    try {
      if (!active.document) throw new GatewayError('policy_invalid', `It cannot be read: ${active.problem ?? ''}.`)
      const compilation = compileOther({ declared, managed: active.document }, world, accepted)
      problem = undefined
      return compilation
    } catch (error) {
      if (!isOfManaged(active, error)) throw error
      const failure = broken(active, error)
      if (!denyWhenBroken) throw failure
      problem = failure.message
      return compilePolicy(DENY_ALL, world, options)
    }
  }
  return {
    check: (declared, world) => compileBoth(declared, world, ({ origin }) => origin === 'managed'),
    compile: (declared, world) => compileBoth(declared, world, () => true),
    compileOther,
    problem: () => problem,
  }
}

/** Without a managed policy, or with problems in declared rules alone, it is the configuration that is wrong. */
const isOfManaged = ({ document, version }: ActivePolicy, error: unknown): boolean =>
  version.version > 0 && (!document || problemsOf(error).some(({ origin }) => origin === 'managed'))

function broken({ version: { version } }: ActivePolicy, error: unknown): GatewayError {
  const { message, data } = toGatewayError(error)
  return new GatewayError(
    'policy_invalid',
    `Version ${version} of the managed policy cannot be used with this configuration. ${message} Go back with \`gatehouse policy rollback ${version - 1}\`, which works while the gateway is down; \`gatehouse policy versions\` lists what there is.`,
    { data },
  )
}

/** The managed document of now; the empty one where it cannot be read. */
export const managedDocument = (managed: ActivePolicy): PolicyDocument => managed.document ?? EMPTY_POLICY
