import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { rolesOf } from '../admin/authority.ts'
import { reloadConfig, status } from '../admin/status.ts'
import type { Principal } from '../kernel/principal.ts'
import { anyObject, timeAnswer } from './answers.ts'
import { type Route, defineRoute, ok } from './route.ts'

const configAnswer = z.looseObject({
  path: z.string(),
  loadedAt: timeAnswer,
  lastError: z.looseObject({ at: timeAnswer, detail: z.string() }).optional(),
})

const statusAnswer = z.looseObject({
  version: z.string(),
  startedAt: timeAnswer,
  uptimeMs: z.number(),
  config: configAnswer,
  store: z.string(),
  policyVersion: z.string(),
  agents: z.number(),
  tools: z.number(),
  quarantined: z.number(),
  load: anyObject.optional(),
  connections: z.array(
    z.looseObject({
      connection: z.string(),
      provider: z.string(),
      enabled: z.boolean(),
      state: z.string(),
      reason: z.string().optional(),
      since: timeAnswer,
      tools: z.number(),
    }),
  ),
})

const callerAnswer = z
  .looseObject({
    id: z.string(),
    agent: z.string().optional(),
    user: z.string().optional(),
    groups: z.array(z.string()),
    roles: z.array(z.enum(['admin', 'approver', 'auditor', 'viewer'])),
  })
  .meta({ id: 'Caller' })

/** `/me`, `/status` and `/config/reload`. */
export const statusRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/me',
      summary: 'Say who is asking and with which roles',
      tag: 'gateway',
      needs: 'caller',
      deed: 'caller.read',
      answers: { 200: { description: 'The caller.', schema: callerAnswer } },
    },
    ({ principal }) => Promise.resolve(ok(toCaller(principal))),
  ),
  defineRoute(
    {
      method: 'get',
      path: '/status',
      summary: 'Show how the gateway is',
      tag: 'gateway',
      needs: 'viewer',
      deed: 'status.read',
      answers: { 200: { description: 'What runs, what does not and why.', schema: statusAnswer } },
    },
    async ({ principal }) => ok(await status(deps, principal)),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/config/reload',
      summary: 'Read the configuration again',
      tag: 'gateway',
      needs: 'admin',
      deed: 'config.reload',
      answers: { 200: { description: 'The configuration in force.', schema: configAnswer } },
      problems: ['config_invalid'],
    },
    async ({ principal }) => ok(await reloadConfig(deps, principal)),
  ),
]

const toCaller = (principal: Principal): object => {
  const { id, agent, user, groups } = principal
  return { id, ...(agent !== '' && { agent }), ...(user !== undefined && { user }), groups, roles: rolesOf(principal) }
}
