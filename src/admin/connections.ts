import type { ConnectionDefinition } from '../connections/definition.ts'
import type { ConnectionState } from '../kernel/connection.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { checkDraft, checkSlug } from './connection-checks.ts'
import { type ConnectionFacts, factsOf, known, managed, ownerOf } from './connection-facts.ts'
import { passed, type TestFacts, testFacts } from './connection-tests.ts'
import type { Candidate, ConnectionDraft } from './connections-port.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'

export interface ConnectionFilter {
  readonly provider?: string | undefined
  readonly method?: string | undefined
  readonly status?: ConnectionState | undefined
  /** `organisation` or `user:<id>`. */
  readonly owner?: string | undefined
}

/** Every connection, declared or managed, ordered by id. */
export async function listConnections(
  deps: AdminDeps,
  principal: Principal,
  filter: ConnectionFilter & PageRequest,
): Promise<Page<ConnectionFacts>> {
  return asAdmin(deps, principal, { type: 'connections.read', kind: 'look' }, async () => {
    const { connections } = deps
    const credentials = await connections.credentials.all()
    const all = connections.definitions().map((definition) =>
      factsOf(
        connections,
        definition,
        credentials.filter(({ connection }) => connection === definition.slug),
      ),
    )
    return pageOf(
      all.filter((facts) => isWanted(facts, filter)),
      ({ id }) => id,
      filter,
    )
  })
}

const isWanted = (facts: ConnectionFacts, { provider, method, status, owner }: ConnectionFilter): boolean =>
  (provider === undefined || facts.provider === provider) &&
  (method === undefined || facts.method === method) &&
  (status === undefined || facts.status === status) &&
  (owner === undefined || facts.owner === owner)

/** One connection, with what may be shown of its credential's fields. Throws `not_found`. */
export async function showConnection(deps: AdminDeps, principal: Principal, id: string): Promise<ConnectionFacts> {
  return asAdmin(deps, principal, { type: 'connections.read', kind: 'look' }, () =>
    shown(deps, known(deps.connections, id)),
  )
}

const shown = async ({ connections }: AdminDeps, definition: ConnectionDefinition): Promise<ConnectionFacts> =>
  factsOf(connections, definition, await connections.credentials.facts(definition.slug))

export interface CreateConnection {
  readonly id: string
  readonly draft: ConnectionDraft
  /** Of the auth method; tested before anything is stored. */
  readonly fields?: Readonly<Record<string, Secret>> | undefined
  /** Stores them although the test fails: the connection then says what is wrong with it. */
  readonly untested?: boolean | undefined
}

export interface Created {
  readonly connection: ConnectionFacts
  readonly test?: TestFacts
}

/** Makes a managed connection. Throws `conflict` for a name that is taken, and what the test found. */
export async function createConnection(
  deps: AdminDeps,
  principal: Principal,
  { id, draft, fields, untested = false }: CreateConnection,
): Promise<Created> {
  const facts = { connection: id, detail: { provider: draft.provider, method: draft.method, owner: ownerOf(draft) } }
  return asAdmin(deps, principal, { type: 'connection.created', kind: 'change', facts }, async () => {
    const { connections } = deps
    checkSlug(connections, id)
    const definition: ConnectionDefinition = { ...draft, slug: id, origin: 'managed', version: 0 }
    checkDraft(connections, definition)
    const test = fields && (await tested(deps, definition, { fields }, untested))
    await connections.book.create(id, draft, principal.id)
    if (fields) await store(deps, definition, { fields }, { principal, test })
    return { connection: await shown(deps, known(connections, id)), ...(test && { test }) }
  })
}

/** Fields that cannot be right are never stored; those that the service refuses only when somebody insists. */
async function tested(
  { connections }: AdminDeps,
  definition: ConnectionDefinition,
  candidate: Candidate,
  untested: boolean,
): Promise<TestFacts> {
  if (definition.credential === 'per_user') {
    throw new GatewayError(
      'invalid_request',
      `Everybody connects an account of their own to "${definition.slug}": leave the credential out.`,
    )
  }
  if (candidate.fields) connections.checkFields(definition, candidate.fields)
  const trial = await connections.tryOut(definition, candidate, AbortSignal.timeout(60_000))
  return untested ? testFacts(trial) : passed(trial)
}

async function store(
  { connections }: AdminDeps,
  { slug }: ConnectionDefinition,
  { fields, tokens }: Candidate,
  { principal, test }: { readonly principal: Principal; readonly test: TestFacts | undefined },
): Promise<void> {
  const grant = { connection: slug, subject: 'shared' as const, fields, tokens, by: principal.id }
  await connections.credentials.grant({ ...grant, account: test?.account })
}

export interface UpdateConnection {
  readonly id: string
  /** All of it: what is left out is gone. */
  readonly draft: ConnectionDraft
  /** The version that was looked at. */
  readonly ifVersion: number
}

/**
 * Changes a managed connection. A credential does not follow to another address or method: it has to be entered again.
 * Throws `version_conflict`, `conflict` for a declared one, `not_found`.
 */
export async function updateConnection(
  deps: AdminDeps,
  principal: Principal,
  { id, draft, ifVersion }: UpdateConnection,
): Promise<ConnectionFacts> {
  const facts = { connection: id, detail: { version: ifVersion } }
  return asAdmin(deps, principal, { type: 'connection.updated', kind: 'change', facts }, async () => {
    const { connections } = deps
    const before = managed(connections, id)
    checkDraft(connections, { ...draft, slug: id, origin: 'managed', version: before.version })
    await connections.book.update(id, draft, principal.id, ifVersion)
    return shown(deps, known(connections, id))
  })
}

/**
 * Puts another credential in the place of the one before, once it has passed the test: until then, and when it fails, the
 * one before stays in use.
 */
export async function rotateCredential(
  deps: AdminDeps,
  principal: Principal,
  { id, ...candidate }: Candidate & { readonly id: string },
): Promise<TestFacts> {
  return asAdmin(
    deps,
    principal,
    { type: 'connection.rotated', kind: 'change', facts: { connection: id } },
    async () => {
      const definition = known(deps.connections, id)
      const test = await tested(deps, definition, candidate, false)
      await store(deps, definition, candidate, { principal, test })
      return test
    },
  )
}
