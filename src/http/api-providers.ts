import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { listProviders, showProvider } from '../admin/providers.ts'
import { anyObject, pageAnswer } from './answers.ts'
import { pageQuery } from './api-input.ts'
import { type Route, defineRoute, ok } from './route.ts'

const method = z.looseObject({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  fields: z.array(anyObject).describe('What a person fills in: `key`, `label`, whether it is `secret`, `pattern`.'),
  ready: z.boolean().describe('Our OAuth client at the service is configured, or none is needed.'),
  signIn: z.boolean().describe('A person signs in at the service; see `/oauth/{provider}/authorize`.'),
})

const facts = { id: z.string(), title: z.string(), docs: z.string(), methods: z.array(method) }

const listed = z.looseObject({ ...facts, actions: z.number() }).meta({ id: 'ProviderSummary' })
const shown = z.looseObject({ ...facts, actions: z.array(anyObject) }).meta({ id: 'Provider' })

/** `/providers`: the services that can be connected. */
export const providerRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/providers',
      summary: 'List the services that can be connected and how they are signed in to',
      tag: 'providers',
      needs: 'viewer',
      deed: 'providers.read',
      query: z.strictObject(pageQuery),
      answers: { 200: { description: 'A page of services, ordered by id.', schema: pageAnswer(listed) } },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query }) => ok(await listProviders(deps, principal, query)),
  ),
  defineRoute(
    {
      method: 'get',
      path: '/providers/{id}',
      summary: 'Show one service with its actions',
      tag: 'providers',
      needs: 'viewer',
      deed: 'providers.read',
      answers: { 200: { description: 'The service.', schema: shown } },
      problems: ['not_found'],
    },
    async ({ principal, params }) => ok(await showProvider(deps, principal, params.id)),
  ),
]
