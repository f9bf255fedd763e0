import type { ApprovalGrant } from '../kernel/approval.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { type EffectiveRule, effectiveRules } from '../policy/effective.ts'
import type { Finding } from '../policy/lint/finding.ts'
import type { Origin } from '../policy/merge.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'
import { policyTag, type PolicyVersion } from './policy-book.ts'
import { type PolicyInput, readPolicy } from './policy-document.ts'
import { compileInstead, lintNow, testNow } from './policy-examine.ts'
import { noVersion } from './policy-edits.ts'
import type { TestReport } from './policy-tests.ts'

/** A version of the managed policy as it is shown. */
export interface ShownVersion extends Omit<PolicyVersion, 'text'> {
  readonly etag: string
  readonly active: boolean
}

export interface ManagedPolicy extends ShownVersion {
  /** Undefined when the text cannot be read any more. */
  readonly document: unknown
  /** Why everything is denied: this version cannot be used. Absent when it is in force as it should be. */
  readonly problem?: string
}

/** The managed document and what is known of its version. */
export function managedPolicy(deps: AdminDeps, principal: Principal): Promise<ManagedPolicy> {
  return asAdmin(deps, principal, { type: 'policy.read', kind: 'look' }, () => {
    const { version, document } = deps.policy.active()
    const problem = deps.policy.problem()
    return { ...shown(deps, version), document, ...(problem !== undefined && { problem }) }
  })
}

/** The history of the managed policy, newest first; the last one is version 0, the empty policy. */
export function policyVersions(deps: AdminDeps, principal: Principal, page: PageRequest): Promise<Page<ShownVersion>> {
  return asAdmin(deps, principal, { type: 'policy.read', kind: 'look' }, async () => {
    const all = (await deps.policy.versions()).map((version) => shown(deps, version))
    return pageOf(all, ({ version }) => String(Number.MAX_SAFE_INTEGER - version), page)
  })
}

/** One version with its document. Throws `not_found`. */
export function policyVersion(deps: AdminDeps, principal: Principal, version: number): Promise<ManagedPolicy> {
  return asAdmin(deps, principal, { type: 'policy.read', kind: 'look' }, async () => {
    const known = await deps.policy.read(version)
    if (!known) throw noVersion(version)
    return { ...shown(deps, known), document: JSON.parse(known.text) }
  })
}

const shown = (deps: AdminDeps, { text: _text, ...version }: PolicyVersion): ShownVersion => ({
  ...version,
  etag: policyTag(version),
  active: version.version === deps.policy.active().version.version,
})

/** Everything that is evaluated, and where it comes from. */
export interface EffectivePolicy {
  /** Of both documents together; audit records name it. */
  readonly version: string
  readonly managed: number
  readonly problem?: string
  readonly timezone: string
  readonly rules: readonly EffectiveRule[]
  readonly groups: readonly { readonly name: string; readonly origin: Origin; readonly group: JsonObject }[]
  readonly tests: readonly { readonly name: string; readonly origin: Origin }[]
  /** What approvers allowed for a while. */
  readonly grants: readonly (ApprovalGrant & { readonly origin: 'grant' })[]
}

/** Declared and managed rules as they are evaluated together, and the grants that spare calls their approval. */
export function effectivePolicy(deps: AdminDeps, principal: Principal): Promise<EffectivePolicy> {
  return asAdmin(deps, principal, { type: 'policy.read', kind: 'look' }, () => {
    const { policy } = deps.snapshot()
    const { groups = {}, tests = [], timezone = 'UTC' } = policy.document
    const declared = deps.policy.declared()
    const problem = deps.policy.problem()
    return {
      version: policy.version,
      managed: deps.policy.active().version.version,
      ...(problem !== undefined && { problem }),
      timezone,
      rules: effectiveRules(policy),
      groups: Object.entries(groups).map(([name, group]) => ({
        name,
        origin: Object.hasOwn(declared.groups ?? {}, name) ? 'declared' : 'managed',
        group: { ...group },
      })),
      tests: tests.map(({ name }, index) => ({
        name,
        origin: index < (declared.tests?.length ?? 0) ? 'declared' : 'managed',
      })),
      grants: deps.policy.grants().map((grant) => ({ ...grant, origin: 'grant' })),
    }
  })
}

/** Which policy is asked: the one in force, or one with another document in a layer's place. */
export interface PolicyUnderTest {
  readonly input?: PolicyInput | undefined
  readonly layer: Origin
}

/** Runs the tests of both documents. Throws `policy_invalid` for a document that cannot be used. */
export function runTests(deps: AdminDeps, principal: Principal, under: PolicyUnderTest): Promise<TestReport> {
  return asAdmin(deps, principal, { type: 'policy.tested', kind: 'look' }, () => testNow(deps, policyOf(deps, under)))
}

/** What nobody may have meant, the gravest first. */
export function lintFindings(deps: AdminDeps, principal: Principal): Promise<readonly Finding[]> {
  return asAdmin(deps, principal, { type: 'policy.read', kind: 'look' }, () => lintNow(deps, deps.snapshot().policy))
}

const policyOf = (deps: AdminDeps, { input, layer }: PolicyUnderTest) =>
  input ? compileInstead(deps, layer, documentOf(input)).policy : deps.snapshot().policy

const documentOf = (input: PolicyInput): PolicyDocument => readPolicy(input).document
