import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { freeze, listFreezes, unfreeze } from '../admin/freeze.ts'
import { timeAnswer } from './answers.ts'
import { nameText } from './api-input.ts'
import { type Route, created, defineRoute, noContent, ok } from './route.ts'

const what = z.discriminatedUnion('scope', [
  z.strictObject({ scope: z.literal('all') }),
  z.strictObject({ scope: z.literal('agent'), id: nameText }),
  z.strictObject({ scope: z.literal('connection'), id: nameText }),
])
const reason = z.string().min(1).max(500).optional().describe('Told to whoever is stopped.')
const draft = z.discriminatedUnion('scope', [
  z.strictObject({ scope: z.literal('all'), reason }),
  z.strictObject({ scope: z.literal('agent'), id: nameText, reason }),
  z.strictObject({ scope: z.literal('connection'), id: nameText, reason }),
])

const freezeAnswer = z
  .looseObject({
    scope: z.enum(['all', 'agent', 'connection']),
    id: z.string().optional(),
    reason: z.string().optional(),
    by: z.string(),
    at: timeAnswer,
  })
  .meta({ id: 'Freeze' })

/** `/freezes`: the emergency stop. */
export const freezeRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/freezes',
      summary: 'List what is stopped',
      tag: 'freezes',
      needs: 'viewer',
      deed: 'freezes.read',
      answers: { 200: { description: 'All of it.', schema: z.looseObject({ items: z.array(freezeAnswer) }) } },
    },
    async ({ principal }) => ok({ items: await listFreezes(deps, principal) }),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/freezes',
      summary: 'Stop everything, an agent or a connection: new calls are refused, running ones aborted',
      tag: 'freezes',
      needs: 'admin',
      deed: 'freeze.set',
      body: draft,
      answers: { 201: { description: 'It is in force.', schema: freezeAnswer } },
    },
    async ({ principal, body }) => created(await freeze(deps, principal, body)),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/freezes/lift',
      summary: 'Lift a stop',
      tag: 'freezes',
      needs: 'admin',
      deed: 'freeze.lifted',
      body: what,
      answers: { 204: { description: 'It is lifted.' } },
    },
    async ({ principal, body }) => {
      await unfreeze(deps, principal, body)
      return noContent()
    },
  ),
]
