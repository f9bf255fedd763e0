import { Hono } from 'hono'
import { z } from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { callAs } from '../admin/call.ts'
import { effectivePolicy, explainCall } from '../admin/policy.ts'
import { overrideTool, readOverride, removeOverride, toolOverrideSchema } from '../admin/overrides.ts'
import { searchCatalog } from '../admin/search.ts'
import { acceptTool, diffTool, listTools } from '../admin/tools.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type ApiEnv, nameText, pageQuery, queryBoolean, readBody, readQuery } from './api-input.ts'

const toolsQuery = z.strictObject({
  ...pageQuery,
  connection: nameText.optional(),
  agent: nameText.optional(),
  effect: z.enum(['read', 'write', 'destructive', 'unclassified']).optional(),
  quarantined: queryBoolean.optional(),
})

const acceptance = z.strictObject({ fingerprint: z.string().max(128).optional() })

const callBody = z.strictObject({
  agent: nameText,
  user: nameText.optional(),
  groups: z.array(nameText).max(100).optional(),
  tool: nameText,
  arguments: z.custom<JsonObject>(isPlainObject, 'must be a JSON object').default({}),
})

const searchBody = z.strictObject({
  query: z.string().min(1).max(2_000),
  limit: z.number().int().min(1).max(100).optional(),
  agent: nameText.optional(),
  user: nameText.optional(),
  groups: z.array(nameText).max(100).optional(),
})

const questionBody = callBody.extend({ at: z.number().int().min(0).optional() })

/** `/tools`, `/policy` and `/call`. */
export function toolRoutes(deps: AdminDeps): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/tools', async (c) => c.json(await listTools(deps, c.var.principal, readQuery(c, toolsQuery))))
    .get('/tools/:id/diff', async (c) => c.json(await diffTool(deps, c.var.principal, c.req.param('id'))))
    .post('/tools/:id/accept', async (c) => {
      const { fingerprint } = await readBody(c, acceptance)
      return c.json(await acceptTool(deps, c.var.principal, { tool: c.req.param('id'), fingerprint }))
    })
    .get('/tools/:id/override', async (c) => c.json(await readOverride(deps, c.var.principal, c.req.param('id'))))
    .put('/tools/:id/override', async (c) => {
      const override = await readBody(c, toolOverrideSchema)
      return c.json(await overrideTool(deps, c.var.principal, { tool: c.req.param('id'), override }))
    })
    .delete('/tools/:id/override', async (c) => {
      await removeOverride(deps, c.var.principal, c.req.param('id'))
      return c.body(null, 204)
    })
    .post('/search', async (c) => c.json(await searchCatalog(deps, c.var.principal, await readBody(c, searchBody))))
    .get('/policy', async (c) => c.json(await effectivePolicy(deps, c.var.principal)))
    .post('/policy/explain', async (c) =>
      c.json(await explainCall(deps, c.var.principal, await readBody(c, questionBody))),
    )
    .post('/call', async (c) => {
      const call = await readBody(c, callBody)
      return c.json(await callAs(deps, c.var.principal, call, c.req.raw.signal))
    })
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
