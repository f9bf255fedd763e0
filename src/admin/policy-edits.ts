import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import type { AdminDeps } from './admin.ts'
import type { ActivePolicy } from './policy-book.ts'
import { EMPTY_POLICY, type PolicyInput, readPolicy } from './policy-document.ts'
import { changePolicy, type SaveOptions, type SavedPolicy } from './policy-save.ts'

/** A rule, a group or a test, by its id or name. */
export interface PolicyPart {
  readonly part: 'rule' | 'group' | 'test'
  readonly name: string
}

/** Puts a whole document in the place of the managed one. Throws as `changePolicy`. */
export const savePolicy = (
  deps: AdminDeps,
  principal: Principal,
  { input, ...options }: SaveOptions & { readonly input: PolicyInput },
): Promise<SavedPolicy> => changePolicy(deps, principal, { ...options, make: () => readPolicy(input) })

/** Activates the text of an earlier version again, as a new version; 0 is the empty policy. Throws `not_found` besides. */
export const restorePolicy = (
  deps: AdminDeps,
  principal: Principal,
  { version, ...options }: SaveOptions & { readonly version: number },
): Promise<SavedPolicy> =>
  changePolicy(deps, principal, {
    ...options,
    restored: version,
    make: async () => {
      const known = await deps.policy.read(version)
      if (!known) throw noVersion(version)
      return readPolicy({ document: JSON.parse(known.text) })
    },
  })

export const noVersion = (version: number): GatewayError =>
  new GatewayError(
    'not_found',
    `There is no version ${version} of the managed policy. See \`gatehouse policy versions\`.`,
  )

/** Puts one part in its place, or adds it. Throws `conflict` for a declared one, and as `changePolicy`. */
export const setPolicyPart = (
  deps: AdminDeps,
  principal: Principal,
  { value, ...change }: SaveOptions & PolicyPart & { readonly value: unknown },
): Promise<SavedPolicy> =>
  changePolicy(deps, principal, {
    ...change,
    make: (active) => readPolicy({ document: withPart(editable(deps, active, change), change, value) }),
  })

/** Takes one part out. Throws `not_found`, `conflict` for a declared one, and as `changePolicy`. */
export const removePolicyPart = (
  deps: AdminDeps,
  principal: Principal,
  change: SaveOptions & PolicyPart,
): Promise<SavedPolicy> =>
  changePolicy(deps, principal, {
    ...change,
    make: (active) => readPolicy({ document: withoutPart(editable(deps, active, change), change) }),
  })

/** The managed document, when it can be read and the part is not declared. */
function editable(
  deps: AdminDeps,
  { document, version, problem = '' }: ActivePolicy,
  part: PolicyPart,
): PolicyDocument {
  if (!document) {
    throw new GatewayError(
      'conflict',
      `Version ${version.version} of the managed policy cannot be read (${problem}), so that no part of it can be changed. Go back to an earlier version, or save a whole document.`,
    )
  }
  if (!has(document, part) && has(deps.policy.declared(), part)) {
    throw new GatewayError(
      'conflict',
      `The ${part.part} "${part.name}" is declared in gateway.config.json and read-only here. Change it there, or add a managed rule: a deny wins over every allow.`,
    )
  }
  return document
}

const has = ({ rules, groups = {}, tests = [] }: PolicyDocument, { part, name }: PolicyPart): boolean =>
  part === 'rule'
    ? rules.some(({ id }) => id === name)
    : part === 'group'
      ? Object.hasOwn(groups, name)
      : tests.some((test) => test.name === name)

/** What is set is read as a part of the whole document: nothing of it is believed here. */
function withPart(document: PolicyDocument, { part, name }: PolicyPart, value: unknown): object {
  if (part === 'group') return { ...document, groups: { ...document.groups, [name]: value } }
  const key = part === 'rule' ? 'id' : 'name'
  const named = isJsonObject(value) ? { [key]: name, ...value } : value
  if (isJsonObject(named) && named[key] !== name) {
    throw new GatewayError(
      'invalid_request',
      `The address says "${name}" and the ${part} says otherwise. Say the same.`,
    )
  }
  if (part === 'rule') return { ...document, rules: replaced(document.rules, ({ id }) => id === name, named) }
  return { ...document, tests: replaced(document.tests ?? [], (test) => test.name === name, named) }
}

/** In the place of the one that it replaces, else at the end. */
function replaced<T>(list: readonly T[], isIt: (item: T) => boolean, value: unknown): readonly unknown[] {
  return list.some(isIt) ? list.map((item) => (isIt(item) ? value : item)) : [...list, value]
}

function withoutPart(document: PolicyDocument, part: PolicyPart): PolicyDocument {
  if (!has(document, part)) {
    throw new GatewayError('not_found', `There is no managed ${part.part} "${part.name}".`)
  }
  const { groups = {}, tests = [] } = document
  if (part.part === 'rule') return { ...document, rules: document.rules.filter(({ id }) => id !== part.name) }
  if (part.part === 'test') return { ...document, tests: tests.filter(({ name }) => name !== part.name) }
  return { ...document, groups: Object.fromEntries(Object.entries(groups).filter(([name]) => name !== part.name)) }
}

/** The managed document with parts of it put in place or, where null stands, taken out. */
export function patched(
  deps: AdminDeps,
  changes: Readonly<Record<string, unknown>>,
): PolicyInput & { readonly document: object } {
  const active = deps.policy.active()
  let document: PolicyDocument = active.document ?? EMPTY_POLICY
  for (const [name, value] of Object.entries(changes)) {
    const part: PolicyPart = { part: 'rule', name }
    const base = editable(deps, { ...active, document }, part)
    document = value === null ? withoutPart(base, part) : readPolicy({ document: withPart(base, part, value) }).document
  }
  return { document }
}
