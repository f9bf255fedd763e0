import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { overrideTool, readOverride, removeOverride, toolOverrideSchema } from '../admin/overrides.ts'
import { searchCatalog } from '../admin/search.ts'
import { acceptTool, diffTool, listTools } from '../admin/tools.ts'
import { anyObject, pageAnswer, timeAnswer } from './answers.ts'
import { nameText, pageQuery, queryBoolean } from './api-input.ts'
import { type Route, defineRoute, noContent, ok } from './route.ts'

const effect = z.enum(['read', 'write', 'destructive', 'unclassified'])

const toolsQuery = z.strictObject({
  ...pageQuery,
  connection: nameText.optional(),
  agent: nameText.optional(),
  effect: effect.optional(),
  quarantined: queryBoolean.optional(),
})

const acceptance = z.strictObject({ fingerprint: z.string().max(128).optional() })

const searchBody = z.strictObject({
  query: z.string().min(1).max(2_000),
  limit: z.number().int().min(1).max(100).optional(),
  agent: nameText.optional(),
  user: nameText.optional(),
  groups: z.array(nameText).max(100).optional(),
})

const toolAnswer = z
  .looseObject({
    id: z.string(),
    wireName: z.string(),
    connection: z.string(),
    effect,
    external: z.boolean(),
    risk: z.enum(['low', 'medium', 'high', 'critical']),
    tags: z.array(z.string()),
    quarantined: z.boolean(),
    summary: z.string(),
  })
  .meta({ id: 'Tool' })

const diffAnswer = z.looseObject({
  tool: z.string(),
  quarantined: z.boolean(),
  fingerprint: z.string(),
  accepted: z.looseObject({ fingerprint: z.string(), at: timeAnswer }).optional(),
  fields: z.array(z.looseObject({ field: z.string(), parts: z.array(anyObject) })),
})

const overrideAnswer = z.looseObject({ tool: z.string(), override: anyObject }).meta({ id: 'ToolOverride' })

const searchAnswer = z.looseObject({
  matches: z.number(),
  weak: z.boolean(),
  hits: z.array(z.looseObject({ tool: z.string(), score: z.number(), exact: z.boolean(), summary: z.string() })),
})

/** `/tools` and `/search`. */
export const toolRoutes = (deps: AdminDeps): readonly Route[] => [
  ...ofCatalog(deps),
  searchRoute(deps),
  ...ofOverrides(deps),
]

const ofCatalog = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/tools',
      summary: 'List tools: all of them, or what one agent sees',
      tag: 'tools',
      needs: 'viewer',
      deed: 'tools.read',
      query: toolsQuery,
      answers: { 200: { description: 'A page of tools, ordered by id.', schema: pageAnswer(toolAnswer) } },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query }) => ok(await listTools(deps, principal, query)),
  ),
  defineRoute(
    {
      method: 'get',
      path: '/tools/{id}/diff',
      summary: 'Show what changed in the definition of a tool since it was accepted',
      tag: 'tools',
      needs: 'viewer',
      deed: 'tools.read',
      answers: { 200: { description: 'The changed fields, word by word.', schema: diffAnswer } },
    },
    async ({ principal, params }) => ok(await diffTool(deps, principal, params.id)),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/tools/{id}/accept',
      summary: 'Accept the changed definition of a tool',
      tag: 'tools',
      needs: 'admin',
      deed: 'tool.accepted',
      body: acceptance,
      answers: {
        200: {
          description: 'What is accepted now.',
          schema: z.looseObject({ tool: z.string(), fingerprint: z.string() }),
        },
      },
      problems: ['version_conflict'],
    },
    async ({ principal, params, body }) =>
      ok(await acceptTool(deps, principal, { tool: params.id, fingerprint: body.fingerprint })),
  ),
]

const ofOverrides = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/tools/{id}/override',
      summary: 'Show what admins say of a tool',
      tag: 'tools',
      needs: 'viewer',
      deed: 'tools.read',
      answers: { 200: { description: 'What was said here.', schema: overrideAnswer } },
    },
    async ({ principal, params }) => ok(await readOverride(deps, principal, params.id)),
  ),
  defineRoute(
    {
      method: 'put',
      path: '/tools/{id}/override',
      summary: 'Say something of a tool: effect, risk, tags, title, description',
      tag: 'tools',
      needs: 'admin',
      deed: 'tool.overridden',
      body: toolOverrideSchema,
      answers: { 200: { description: 'What is said now.', schema: overrideAnswer } },
    },
    async ({ principal, params, body }) => ok(await overrideTool(deps, principal, { tool: params.id, override: body })),
  ),
  defineRoute(
    {
      method: 'delete',
      path: '/tools/{id}/override',
      summary: 'Take back what was said of a tool',
      tag: 'tools',
      needs: 'admin',
      deed: 'tool.override_removed',
      answers: { 204: { description: 'Nothing is said of it here any more.' } },
    },
    async ({ principal, params }) => {
      await removeOverride(deps, principal, params.id)
      return noContent()
    },
  ),
]

const searchRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'post',
      path: '/search',
      summary: 'Search the catalog as an agent would, with the reasons for the order',
      tag: 'tools',
      needs: 'viewer',
      deed: 'tools.searched',
      body: searchBody,
      answers: { 200: { description: 'Hits, best first.', schema: searchAnswer } },
    },
    async ({ principal, body }) => ok(await searchCatalog(deps, principal, body)),
  )
