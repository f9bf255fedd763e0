import { Hono } from 'hono'
import { z } from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { type IssuedKey, addAgent, issueKey, listAgents, listKeys, revokeAgent, revokeKey } from '../admin/agents.ts'
import { type ApiEnv, durationText, nameText, pageQuery, readBody, readQuery } from './api-input.ts'

const agentDraft = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be at most 64 lower-case letters, digits, _ and -'),
  title: z.string().min(1).max(200).optional(),
  groups: z.array(nameText).max(100).optional(),
  toolNames: z.enum(['portable', 'canonical', 'plain']).optional(),
  toolMode: z.enum(['auto', 'full', 'search', 'both']).optional(),
  pinned: z.array(nameText).max(100).optional(),
  schemas: z.enum(['full', 'slim']).optional(),
  expiresIn: durationText.optional(),
})

const keyDraft = z.strictObject({ expiresIn: durationText.optional() })

/** `/agents`, `/agents/:id/keys` and `/keys/:id`. */
export function agentRoutes(deps: AdminDeps): Hono<ApiEnv> {
  const expiry = (expiresIn: number | undefined): number | undefined =>
    expiresIn === undefined ? undefined : deps.clock() + expiresIn
  return new Hono<ApiEnv>()
    .get('/agents', async (c) =>
      c.json(await listAgents(deps, c.var.principal, readQuery(c, z.strictObject(pageQuery)))),
    )
    .post('/agents', async (c) => {
      const { expiresIn, ...draft } = await readBody(c, agentDraft)
      const issued = await addAgent(deps, c.var.principal, { ...draft, expiresAt: expiry(expiresIn) })
      return c.json(toShown(issued), 201)
    })
    .delete('/agents/:id', async (c) => c.json(await revokeAgent(deps, c.var.principal, c.req.param('id'))))
    .get('/agents/:id/keys', async (c) => c.json({ items: await listKeys(deps, c.var.principal, c.req.param('id')) }))
    .post('/agents/:id/keys', async (c) => {
      const { expiresIn } = await readBody(c, keyDraft)
      const draft = { agent: c.req.param('id'), expiresAt: expiry(expiresIn) }
      return c.json(toShown(await issueKey(deps, c.var.principal, draft)), 201)
    })
    .delete('/keys/:id', async (c) => {
      await revokeKey(deps, c.var.principal, c.req.param('id'))
      return c.body(null, 204)
    })
}

/** The one answer that shows a key. */
const toShown = ({ key, ...facts }: IssuedKey): object => ({ ...facts, key: key.reveal() })
