import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { forgetAliases, listAliases } from '../admin/aliases.ts'
import { nameText } from './api-input.ts'
import { type Route, defineRoute, ok } from './route.ts'

const aliasAnswer = z.looseObject({ tool: z.string(), stems: z.array(z.string()) })

/** `/learned-aliases`. */
export const aliasRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/learned-aliases',
      summary: 'List the word stems that search has learned, by tool',
      tag: 'tools',
      needs: 'viewer',
      deed: 'aliases.read',
      answers: { 200: { description: 'All of them.', schema: z.looseObject({ items: z.array(aliasAnswer) }) } },
    },
    async ({ principal }) => ok({ items: await listAliases(deps, principal) }),
  ),
  defineRoute(
    {
      method: 'delete',
      path: '/learned-aliases',
      summary: 'Forget what search has learned, of one tool or of all',
      tag: 'tools',
      needs: 'admin',
      deed: 'aliases.forgotten',
      query: z.strictObject({ tool: nameText.optional() }),
      answers: {
        200: { description: 'How many tools were forgotten.', schema: z.looseObject({ forgotten: z.number() }) },
      },
    },
    async ({ principal, query }) => ok({ forgotten: await forgetAliases(deps, principal, query.tool) }),
  ),
]
