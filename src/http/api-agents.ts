import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import {
  type IssuedKey,
  type VersionedAgent,
  addAgent,
  enableAgent,
  issueKey,
  listAgents,
  listKeys,
  readAgent,
  revokeAgent,
  revokeKey,
  rotateKey,
  updateAgent,
} from '../admin/agents.ts'
import { pageAnswer, timeAnswer } from './answers.ts'
import { durationText, nameText, overlapText, pageQuery } from './api-input.ts'
import { toVersion } from './etag.ts'
import { type Reply, type Route, created, defineRoute, noContent, ok } from './route.ts'

const nameStyle = z.enum(['portable', 'canonical', 'plain'])
const toolMode = z.enum(['auto', 'full', 'search', 'both'])
const schemaStyle = z.enum(['full', 'slim'])

const settings = {
  title: z.string().min(1).max(100).optional(),
  groups: z.array(z.string().min(1).max(64)).max(50).optional(),
  toolNames: nameStyle.optional(),
  toolMode: toolMode.optional(),
  pinned: z.array(nameText).max(100).optional(),
  schemas: schemaStyle.optional(),
}

const user = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}/]+$/u, 'must hold no control character and no slash')
  .optional()
  .describe('The person that the agent acts for with this key: calls use the accounts that this person connected.')

const agentDraft = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be at most 64 lower-case letters, digits, _ and -'),
  ...settings,
  expiresIn: durationText.optional(),
  user,
})

const agentSettings = z.strictObject({ ...settings, enabled: z.boolean().optional() })

const keyDraft = z.strictObject({ expiresIn: durationText.optional(), user })

const rotation = z.strictObject({ expiresIn: durationText.optional(), overlap: overlapText })

const keyAnswer = z
  .looseObject({
    id: z.string(),
    agent: z.string(),
    createdAt: timeAnswer,
    expiresAt: timeAnswer.optional(),
    user: z.string().optional(),
    lastUsedAt: timeAnswer.optional(),
  })
  .meta({ id: 'AgentKey' })

const agentAnswer = z
  .looseObject({
    id: z.string(),
    title: z.string().optional(),
    groups: z.array(z.string()),
    toolNames: nameStyle,
    toolMode: toolMode.optional(),
    pinned: z.array(z.string()).optional(),
    schemas: schemaStyle.optional(),
    enabled: z.boolean(),
    origin: z.enum(['declared', 'managed']),
    keys: z.array(keyAnswer).optional(),
  })
  .meta({ id: 'Agent' })

const issuedAnswer = z
  .looseObject({
    agent: agentAnswer,
    created: z.boolean(),
    keyId: z.string(),
    key: z.string().describe('Shown this once.'),
  })
  .meta({ id: 'IssuedAgentKey' })

const revokedAnswer = z.looseObject({ agent: z.string(), revokedKeys: z.number(), removed: z.boolean() })

/** `/agents`, `/agents/{id}/keys` and `/keys/{id}`. */
export const agentRoutes = (deps: AdminDeps): readonly Route[] => [
  ...ofBook(deps),
  ...ofAgent(deps),
  enableRoute(deps, true),
  enableRoute(deps, false),
  ...ofKeys(deps),
  ...ofKey(deps),
]

const ofBook = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/agents',
      summary: 'List agents and what is known of their keys',
      tag: 'agents',
      needs: 'viewer',
      deed: 'agents.read',
      query: z.strictObject(pageQuery),
      answers: { 200: { description: 'A page of agents, ordered by id.', schema: pageAnswer(agentAnswer) } },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query }) => ok(await listAgents(deps, principal, query)),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/agents',
      summary: 'Register an agent, or give one that exists another key',
      tag: 'agents',
      needs: 'admin',
      deed: 'agent.added',
      body: agentDraft,
      creates: true,
      answers: { 201: { description: 'The agent and its key.', schema: issuedAnswer } },
      problems: ['conflict'],
    },
    async ({ principal, body: { expiresIn, ...draft } }) =>
      created(toShown(await addAgent(deps, principal, { ...draft, expiresAt: expiry(deps, expiresIn) }))),
  ),
]

const ofAgent = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/agents/{id}',
      summary: 'Show one agent and what is known of its keys',
      tag: 'agents',
      needs: 'viewer',
      deed: 'agents.read',
      answers: { 200: { description: 'The agent; a managed one has an ETag.', schema: agentAnswer } },
    },
    async ({ principal, params }) => toReply(await readAgent(deps, principal, params.id)),
  ),
  defineRoute(
    {
      method: 'put',
      path: '/agents/{id}',
      summary: 'Say anew what a managed agent is; what is left out takes its default',
      tag: 'agents',
      needs: 'admin',
      deed: 'agent.changed',
      body: agentSettings,
      ifMatch: 'required',
      answers: { 200: { description: 'The agent as it is now.', schema: agentAnswer } },
      problems: ['conflict'],
    },
    async ({ principal, params, body: { groups = [], toolNames = 'portable', ...rest }, ifMatch }) => {
      const update = { id: params.id, settings: { groups, toolNames, ...rest }, ifVersion: toVersion(ifMatch) }
      return toReply(await updateAgent(deps, principal, update))
    },
  ),
  defineRoute(
    {
      method: 'delete',
      path: '/agents/{id}',
      summary: 'End the keys of an agent and, when it is managed, its registration',
      tag: 'agents',
      needs: 'admin',
      deed: 'agent.revoked',
      ifMatch: 'optional',
      answers: { 200: { description: 'What has ended.', schema: revokedAnswer } },
    },
    async ({ principal, params, ifMatch }) =>
      ok(await revokeAgent(deps, principal, { id: params.id, ifVersion: toVersion(ifMatch) })),
  ),
]

const enableRoute = (deps: AdminDeps, enabled: boolean): Route =>
  defineRoute(
    {
      method: 'post',
      path: `/agents/{id}/${enabled ? 'enable' : 'disable'}`,
      summary: enabled ? 'Let a managed agent in again' : 'Refuse a managed agent and end what it keeps open',
      tag: 'agents',
      needs: 'admin',
      deed: enabled ? 'agent.enabled' : 'agent.disabled',
      answers: { 200: { description: 'The agent as it is now.', schema: agentAnswer } },
      problems: ['conflict'],
    },
    async ({ principal, params }) => toReply(await enableAgent(deps, principal, { id: params.id, enabled })),
  )

const ofKeys = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/agents/{id}/keys',
      summary: 'List the keys of an agent',
      tag: 'agents',
      needs: 'viewer',
      deed: 'keys.read',
      answers: { 200: { description: 'Its keys, oldest first.', schema: pageAnswer(keyAnswer) } },
    },
    async ({ principal, params }) => ok({ items: await listKeys(deps, principal, params.id) }),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/agents/{id}/keys',
      summary: 'Give an agent another key',
      tag: 'agents',
      needs: 'admin',
      deed: 'key.issued',
      body: keyDraft,
      creates: true,
      answers: { 201: { description: 'The key.', schema: issuedAnswer } },
    },
    async ({ principal, params, body }) => {
      const draft = { agent: params.id, expiresAt: expiry(deps, body.expiresIn), user: body.user }
      return created(toShown(await issueKey(deps, principal, draft)))
    },
  ),
]

const ofKey = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'post',
      path: '/keys/{id}/rotate',
      summary: 'Give an agent another key in place of this one, which ends after the overlap',
      tag: 'agents',
      needs: 'admin',
      deed: 'key.rotated',
      body: rotation,
      creates: true,
      answers: { 201: { description: 'The new key.', schema: issuedAnswer } },
    },
    async ({ principal, params, body: { expiresIn, overlap } }) => {
      const wanted = { id: params.id, expiresAt: expiry(deps, expiresIn), overlapMs: overlap }
      return created(toShown(await rotateKey(deps, principal, wanted)))
    },
  ),
  defineRoute(
    {
      method: 'delete',
      path: '/keys/{id}',
      summary: 'End one key',
      tag: 'agents',
      needs: 'admin',
      deed: 'key.revoked',
      answers: { 204: { description: 'It opens nothing any more.' } },
    },
    async ({ principal, params }) => {
      await revokeKey(deps, principal, params.id)
      return noContent()
    },
  ),
]

const expiry = ({ clock }: AdminDeps, expiresIn: number | undefined): number | undefined =>
  expiresIn === undefined ? undefined : clock() + expiresIn

const toReply = ({ agent, version }: VersionedAgent): Reply => ok(agent, version)

/** The one answer that shows a key. */
const toShown = ({ key, ...facts }: IssuedKey): object => ({ ...facts, key: key.reveal() })
