import { randomBytes } from 'node:crypto'
import type { Invitation } from '../admin/connecting.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import {
  type FlowBook,
  type FlowBookDeps,
  flowBook,
  type FlowDefinition,
  type Granted,
} from '../connections/oauth/flow-book.ts'
import type { OAuthEngine } from '../connections/oauth/engine.ts'
import { scopesToAsk } from '../connections/oauth/scopes.ts'
import type { Snapshots } from '../gateway/snapshots.ts'
import { connectLinkOf, redirectUriOf } from '../http/addresses.ts'
import type { AgentBook } from '../identity/agents.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import type { FlowView } from '../kernel/connect-flow.ts'
import type { Subject } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { McpDiscovery, McpTarget } from '../kernel/mcp-discovery.ts'
import { methodOf } from '../provider-kit/method-of.ts'
import { scopesFor } from '../provider-kit/scopes.ts'
import type { ConnectionHouse } from './connection-house.ts'
import type { ConnectionDeps } from './connections.ts'
import { allowedActions } from './least-scopes.ts'
import { isMcpTarget } from './mcp-sign-in.ts'
import { clientFor, targetFor } from './token-sources.ts'
import { tryOut } from './try-out.ts'
import type { World } from './world.ts'

export interface ConnectingParts {
  readonly world: Pick<World, 'store' | 'vault' | 'audit'>
  readonly connections: ConnectionHouse
  readonly specDeps: ConnectionDeps
  readonly agents: Pick<AgentBook, 'agents'>
  /** With the policy in force. */
  readonly snapshots: Pick<Snapshots, 'current'>
  /** Where people reach our pages. */
  origin(): string
  readonly clock: Clock
  readonly newId: NewId
}

/** Accounts are connected by way of people's browsers. */
export interface Connecting {
  readonly flows: FlowBook
  /** Makes a flow that asks for no more than policy can use, and for what was granted before. */
  invite(invitation: Invitation): Promise<FlowView>
  /** Looks at an MCP server that nobody has saved. */
  discover(target: McpTarget, signal: AbortSignal): Promise<McpDiscovery>
  /** Where a person connects an own account; the same link while it is good for a while. */
  connectLink(of: { readonly connection: string; readonly user: string }): Promise<string>
}

/** A link that is handed out is good for so long at least, milliseconds. */
const LEAST_MS = 120_000
const MOST_LINKS = 5_000

export function openConnecting(parts: ConnectingParts): Connecting {
  const { world, connections, origin, clock, newId } = parts
  const linkOf = (flow: string): string => connectLinkOf(new URL(origin()), flow)
  const flows = flowBook({
    ...world,
    organisation: connections.current().organisation,
    engine: bound(connections.engine),
    clock,
    newId,
    randomBytes,
    definitionOf: (slug) => definitionOf(parts, slug),
    accountOf: (granted, signal) => accountOf(parts, granted, signal),
    onGranted: (granted) => keep(parts, granted),
  })
  const invite = async ({ connection, subject, principalId, returnTo }: Invitation): Promise<FlowView> => {
    const definition = known(connections, connection)
    const scopes = await scopesOf(parts, definition, subject)
    return flows.invite({
      connection,
      subject,
      principalId,
      scopes,
      redirectUri: redirectUriOf(new URL(origin())),
      returnTo,
    })
  }
  const links = new Map<string, string>()
  const openLink = async (key: string): Promise<string | undefined> => {
    const id = links.get(key)
    const flow = id === undefined ? undefined : await flows.view(id).catch(unlessGone)
    return flow?.status === 'pending' && flow.expiresAt - clock() > LEAST_MS ? flow.id : undefined
  }
  return {
    flows,
    invite,
    discover: async (target, signal) => {
      const { discoverMcp } = await import('../sources/mcp-discover.ts')
      return discoverMcp(target, parts.specDeps.mcp, signal)
    },
    async connectLink({ connection, user }) {
      const key = JSON.stringify([connection, user])
      const open = await openLink(key)
      if (open !== undefined) return linkOf(open)
      const { id } = await invite({ connection, subject: { user }, principalId: `person:${user}` })
      const oldest = links.size >= MOST_LINKS ? links.keys().next().value : undefined
      if (oldest !== undefined) links.delete(oldest)
      links.set(key, id)
      return linkOf(id)
    },
  }
}

/** A grant of an MCP server remembers where it is from. */
const bound = (engine: OAuthEngine): FlowBookDeps['engine'] => ({
  authorizationUrl: engine.authorizationUrl,
  async exchange(target, back, signal) {
    const tokens = await engine.exchange(target, back, signal)
    return isMcpTarget(target) ? { ...tokens, captured: { ...tokens.captured, ...target.grantedBy } } : tokens
  },
})

function unlessGone(error: unknown): undefined {
  if (error instanceof GatewayError && error.code === 'not_found') return undefined
  throw error
}

function known({ definitionOf: find }: ConnectionHouse, slug: string): ConnectionDefinition {
  const definition = find(slug)
  if (definition && definition.deletedAt === undefined) return definition
  throw new GatewayError('not_found', `There is no connection "${slug}" any more.`)
}

async function definitionOf({ connections, specDeps }: ConnectingParts, slug: string): Promise<FlowDefinition> {
  const definition = known(connections, slug)
  const { provider: id, method, title } = definition
  if (id === 'mcp') {
    if (method !== 'oauth') throw notOAuth(slug)
    return { title: title ?? slug, method, target: await connections.mcp.target(definition) }
  }
  const fields = (await connections.credentials.client(slug)) ?? {}
  const config = connections.current()
  const { shelf } = specDeps
  const target = targetFor({ shelf, config: connections.current }, definition, clientFor(config, definition, fields))
  if (target.spec.grant !== 'authorization_code') throw notOAuth(slug)
  return { title: title ?? shelf.get(id)?.title ?? id, method, target }
}

const notOAuth = (slug: string): GatewayError =>
  new GatewayError(
    'invalid_request',
    `"${slug}" is not connected by signing in: store its credential with \`gatehouse connect\`, in the console, or in the configuration.`,
  )

/** The least that works: base scopes, what the allowed actions need, and what was granted before. */
async function scopesOf(
  parts: ConnectingParts,
  definition: ConnectionDefinition,
  subject: Subject,
): Promise<readonly string[]> {
  const { connections, agents, snapshots } = parts
  const { slug, provider: id, method: methodId } = definition
  const user = subject === 'shared' ? undefined : subject.user
  const before = (await connections.credentials.facts(slug)).find((facts) => facts.user === user)
  const granted = before?.scopes ?? []
  if (id === 'mcp') return scopesToAsk((await connections.mcp.target(definition)).spec, granted, [])
  const { shelf } = parts.specDeps
  const provider = shelf.get(id)
  if (!provider) return granted
  const method = methodOf(provider, methodId)
  if (!method.oauth) return []
  const { document } = snapshots.current().policy
  const allowed = allowedActions(
    { config: connections.current(), agents: agents.agents().values(), document, shelf },
    slug,
  )
  return scopesToAsk(method.oauth, granted, scopesFor(provider, method, allowed))
}

/** Asks the service whose account it is. Only a refusal of the new tokens is one: a service that is down may come back. */
async function accountOf(
  { connections, specDeps }: ConnectingParts,
  { connection, tokens }: Granted,
  signal: AbortSignal,
): Promise<string | undefined> {
  const definition = { ...known(connections, connection), credential: 'shared' as const }
  const { connections: all, ...config } = connections.current()
  const own = all[connection]
  const shared = own ? { ...all, [connection]: { ...own, credential: 'shared' as const } } : all
  const parts = { connections, specDeps, config: { ...config, connections: shared } }
  const { status, account, problem } = await tryOut(parts, definition, { tokens }, signal)
  if (status !== 'refused') return account
  throw new GatewayError(
    'invalid_credential',
    `The service gave access and then refused it. ${problem?.message ?? ''} Connect again, and check that the account may use the service.`,
  )
}

async function keep(
  { connections, world, clock }: ConnectingParts,
  { flow, connection, subject, principalId, tokens, account }: Granted,
): Promise<void> {
  await connections.credentials.grant({ connection, subject, tokens, account, by: principalId })
  await world.audit.append({
    type: 'connection.connected',
    phase: 'event',
    at: clock(),
    principal: principalId,
    connection,
    outcome: 'ok',
    detail: {
      flow,
      ...(subject !== 'shared' && { user: subject.user }),
      ...(account !== undefined && { account }),
      scopes: tokens.scopes ?? [],
    },
  })
}
