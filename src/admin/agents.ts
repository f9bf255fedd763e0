import { GatewayError } from '../kernel/errors.ts'
import type { Agent, NameStyle, Principal, SchemaStyle, ToolMode } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import type { AgentSettings, KeyFacts } from './agent-books.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'

export interface AgentFacts extends Agent {
  readonly keys: readonly KeyFacts[]
}

export interface AddAgent {
  readonly id: string
  readonly title?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly toolNames?: NameStyle | undefined
  readonly toolMode?: ToolMode | undefined
  readonly pinned?: readonly string[] | undefined
  readonly schemas?: SchemaStyle | undefined
  /** When the key stops working, in milliseconds since the epoch; never when left out. */
  readonly expiresAt?: number | undefined
  /** The person that the agent acts for with this key. */
  readonly user?: string | undefined
}

export interface IssuedKey {
  readonly agent: Agent
  /** False when the agent was there already and only got another key. */
  readonly created: boolean
  readonly keyId: string
  /** Shown this once. */
  readonly key: Secret
}

/** Every agent, declared or managed, with what is known of its keys. */
export async function listAgents(deps: AdminDeps, principal: Principal, page: PageRequest): Promise<Page<AgentFacts>> {
  return asAdmin(deps, principal, { type: 'agents.read', kind: 'look' }, async () => {
    const [agents, keys] = await Promise.all([deps.agents.list(), deps.keys.list()])
    const facts = agents.map((agent) => ({ ...agent, keys: keys.filter((key) => key.agent === agent.id) }))
    return pageOf(facts, (agent) => agent.id, page)
  })
}

/** An agent as it is answered, with the version that `If-Match` names; a declared one has none. */
export interface VersionedAgent {
  readonly agent: AgentFacts
  readonly version: number | undefined
}

/** One agent with what is known of its keys. Throws `not_found`. */
export async function readAgent(deps: AdminDeps, principal: Principal, id: string): Promise<VersionedAgent> {
  return asAdmin(deps, principal, { type: 'agents.read', kind: 'look' }, async () =>
    toVersioned(deps, await known(deps, id)),
  )
}

export interface UpdateAgent {
  readonly id: string
  readonly settings: AgentSettings
  readonly ifVersion?: number | undefined
}

/**
 * Takes the place of what was said of a managed agent. In force with its next request. Throws `version_conflict` when it was
 * changed meanwhile, `conflict` for a declared agent.
 */
export async function updateAgent(
  deps: AdminDeps,
  principal: Principal,
  { id, settings, ifVersion }: UpdateAgent,
): Promise<VersionedAgent> {
  const facts = { agent: id, detail: { enabled: settings.enabled ?? true } }
  return asAdmin(deps, principal, { type: 'agent.changed', kind: 'change', facts }, async () => {
    await known(deps, id)
    return toVersioned(deps, await deps.agents.update(id, settings, ifVersion))
  })
}

/** Lets a managed agent in, or refuses it and ends what it keeps open. Throws `conflict` for a declared agent. */
export async function enableAgent(
  deps: AdminDeps,
  principal: Principal,
  { id, enabled }: { readonly id: string; readonly enabled: boolean },
): Promise<VersionedAgent> {
  const type = enabled ? 'agent.enabled' : 'agent.disabled'
  return asAdmin(deps, principal, { type, kind: 'change', facts: { agent: id } }, async () => {
    const ifVersion = deps.agents.version(id)
    const { id: _id, origin: _origin, ...settings } = await known(deps, id)
    return toVersioned(deps, await deps.agents.update(id, { ...settings, enabled }, ifVersion))
  })
}

/**
 * Registers an agent and gives it a key. An agent that exists gets another key, unless the draft would change it:
 * then `conflict`.
 */
export async function addAgent(deps: AdminDeps, principal: Principal, draft: AddAgent): Promise<IssuedKey> {
  return asAdmin(deps, principal, { type: 'agent.added', kind: 'change', facts: { agent: draft.id } }, async () => {
    refusePast(deps, draft.expiresAt)
    const existing = await find(deps, draft.id)
    if (existing) refuseChange(existing, draft)
    const agent =
      existing ??
      (await deps.agents.add({
        id: draft.id,
        title: draft.title,
        groups: draft.groups ?? [],
        toolNames: draft.toolNames ?? 'portable',
        toolMode: draft.toolMode,
        pinned: draft.pinned,
        schemas: draft.schemas,
      }))
    const { id, key } = await issue(deps, agent.id, draft)
    return { agent, created: existing === undefined, keyId: id, key }
  })
}

/** Another key for an agent that exists, to be shown once. */
export async function issueKey(
  deps: AdminDeps,
  principal: Principal,
  { agent: name, ...options }: { readonly agent: string } & Pick<AddAgent, 'expiresAt' | 'user'>,
): Promise<IssuedKey> {
  const facts = { agent: name, ...(options.user !== undefined && { detail: { user: options.user } }) }
  return asAdmin(deps, principal, { type: 'key.issued', kind: 'change', facts }, async () => {
    refusePast(deps, options.expiresAt)
    const agent = await known(deps, name)
    const { id, key } = await issue(deps, agent.id, options)
    return { agent, created: false, keyId: id, key }
  })
}

/** The keys of an agent, without the keys themselves. */
export async function listKeys(deps: AdminDeps, principal: Principal, agent: string): Promise<readonly KeyFacts[]> {
  return asAdmin(deps, principal, { type: 'keys.read', kind: 'look' }, async () =>
    deps.keys.list((await known(deps, agent)).id),
  )
}

/** Another key in place of one, which goes on working for the overlap (milliseconds). Throws `not_found`. */
export async function rotateKey(
  deps: AdminDeps,
  principal: Principal,
  {
    id,
    expiresAt,
    overlapMs,
  }: { readonly id: string; readonly expiresAt?: number | undefined; readonly overlapMs: number },
): Promise<IssuedKey> {
  return asAdmin(deps, principal, { type: 'key.rotated', kind: 'change', facts: { detail: { key: id } } }, async () => {
    refusePast(deps, expiresAt)
    const issued = await deps.keys.rotate(id, { overlapMs, ...(expiresAt === undefined ? {} : { expiresAt }) })
    return { agent: await known(deps, issued.agent), created: false, keyId: issued.id, key: issued.key }
  })
}

/** Ends one key. It opens nothing from the next request on. */
export async function revokeKey(deps: AdminDeps, principal: Principal, id: string): Promise<void> {
  return asAdmin(deps, principal, { type: 'key.revoked', kind: 'change', facts: { detail: { key: id } } }, async () => {
    if (await deps.keys.revoke(id)) return
    throw new GatewayError('not_found', `There is no key "${id}". List an agent's keys with \`gatehouse agent list\`.`)
  })
}

export interface RevokedAgent {
  readonly agent: string
  readonly revokedKeys: number
  /** False for a declared agent: it stays registered until the configuration drops it. */
  readonly removed: boolean
}

/** Ends all keys of an agent and, when it is managed, its registration. */
export async function revokeAgent(
  deps: AdminDeps,
  principal: Principal,
  { id, ifVersion }: { readonly id: string; readonly ifVersion?: number | undefined },
): Promise<RevokedAgent> {
  return asAdmin(deps, principal, { type: 'agent.revoked', kind: 'change', facts: { agent: id } }, async () => {
    const agent = await known(deps, id)
    // First: without a registration no key opens anything, and a stale version must end nothing.
    if (agent.origin === 'managed') await deps.agents.remove(id, ifVersion)
    const revokedKeys = await deps.keys.revokeAll(id)
    return { agent: id, revokedKeys, removed: agent.origin === 'managed' }
  })
}

async function toVersioned(deps: AdminDeps, agent: Agent): Promise<VersionedAgent> {
  return { agent: { ...agent, keys: await deps.keys.list(agent.id) }, version: deps.agents.version(agent.id) }
}

const find = async (deps: AdminDeps, id: string): Promise<Agent | undefined> =>
  (await deps.agents.list()).find((agent) => agent.id === id)

async function known(deps: AdminDeps, id: string): Promise<Agent> {
  const agent = await find(deps, id)
  if (agent) return agent
  throw new GatewayError('not_found', `There is no agent "${id}". Add it with \`gatehouse agent add ${id}\`.`)
}

const issue = (
  deps: AdminDeps,
  agent: string,
  { expiresAt, user }: Pick<AddAgent, 'expiresAt' | 'user'>,
): ReturnType<AdminDeps['keys']['issue']> =>
  deps.keys.issue(agent, { ...(expiresAt !== undefined && { expiresAt }), ...(user !== undefined && { user }) })

function refusePast(deps: AdminDeps, expiresAt: number | undefined): void {
  if (expiresAt === undefined || expiresAt > deps.clock()) return
  throw new GatewayError('invalid_request', 'The key would have expired already. Give a time in the future.')
}

function refuseChange(agent: Agent, draft: AddAgent): void {
  const { id: _id, expiresAt: _expiresAt, user: _user, ...changes } = draft
  if (Object.values(changes).every((change) => change === undefined)) return
  throw new GatewayError(
    'conflict',
    agent.origin === 'declared'
      ? `The agent "${agent.id}" is declared in the configuration. Change it there, or add a key without other options.`
      : `The agent "${agent.id}" exists. Revoke it first, or add a key without other options.`,
  )
}
