import * as z from 'zod'
import type { ConnectFlows, FlowView } from '../kernel/connect-flow.ts'
import { ownsFlow } from '../kernel/connect-flow.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { timeAnswer } from './answers.ts'
import { nameText } from './api-input.ts'
import { browserCookie } from './oauth-cookie.ts'
import { connectLinkOf } from './addresses.ts'
import { visitorOf } from './oauth.ts'
import { type Route, defineRoute, ok } from './route.ts'

/** What a caller of the API wants to connect. */
export interface BeginRequest {
  readonly provider: string
  /** Which connection of the provider; it can be left out while there is one. */
  readonly connection?: string | undefined
  /** `own`: the caller's own account. `shared`: the one that everybody uses. */
  readonly for: 'own' | 'shared'
  readonly returnTo?: string | undefined
}

export interface OAuthApiDeps {
  readonly flows: ConnectFlows
  /** Settles whether the principal may, and which scopes the allowed actions need; then makes the flow. */
  readonly begin: (principal: Principal, request: BeginRequest) => Promise<FlowView>
  readonly publicUrl: () => URL
}

const beginQuery = z.strictObject({
  connection: nameText.optional(),
  for: z.enum(['own', 'shared']).default('shared'),
  returnTo: z.string().max(500).optional(),
  mode: z.enum(['json', 'redirect']).default('json'),
})

const beginAnswer = z.looseObject({
  flow: z.string().describe('Ask /oauth/flows/{id} how it ended.'),
  url: z
    .string()
    .describe('The page of the service. Good in the browser that got this answer, which holds a cookie for it.'),
  link: z.string().describe('A page of ours that leads there, for any browser of the same person.'),
  expiresAt: timeAnswer,
})

const flowAnswer = z.looseObject({
  flow: z.string(),
  connection: z.string(),
  status: z.enum(['pending', 'done', 'failed']),
  account: z.string().optional(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  expiresAt: timeAnswer,
})

/** `GET /oauth/{provider}/authorize` and `GET /oauth/flows/{id}`. */
export const oauthApiRoutes = (deps: OAuthApiDeps): readonly Route[] => [beginRoute(deps), flowRoute(deps)]

const beginRoute = ({ flows, begin, publicUrl }: OAuthApiDeps): Route =>
  defineRoute(
    {
      method: 'get',
      path: '/oauth/{provider}/authorize',
      summary: 'Begin to connect an account with OAuth',
      tag: 'connections',
      needs: 'caller',
      deed: 'connection.authorize',
      query: beginQuery,
      answers: {
        200: { description: 'Where to send the person.', schema: beginAnswer },
        303: { description: 'With `mode=redirect`: our page that leads to the service.' },
      },
      problems: ['not_found', 'forbidden', 'overloaded'],
    },
    async ({ principal, params, query, context }) => {
      const { mode, ...asked } = query
      const { id, expiresAt } = await begin(principal, { provider: params.provider, ...asked })
      const link = connectLinkOf(publicUrl(), id)
      // Never straight to the service: any page can make a browser ask for this address.
      if (mode === 'redirect') return context.redirect(link, 303)
      const cookie = browserCookie(publicUrl)
      const started = await flows.start(id, { browserToken: cookie.read(context), visitor: visitorOf(principal) })
      cookie.write(context, started.browserToken)
      return ok({ flow: id, url: started.url, link, expiresAt })
    },
  )

const flowRoute = ({ flows }: OAuthApiDeps): Route =>
  defineRoute(
    {
      method: 'get',
      path: '/oauth/flows/{id}',
      summary: 'Say how an attempt to connect is going',
      tag: 'connections',
      needs: 'caller',
      deed: 'connection.authorize',
      answers: { 200: { description: 'The attempt.', schema: flowAnswer } },
    },
    async ({ principal, params }) => {
      const flow = await flows.view(params.id)
      if (flow.principalId !== principal.id && !ownsFlow(visitorOf(principal), flow)) throw unknownFlow()
      const { id, connection, status, account, error, expiresAt } = flow
      return ok({ flow: id, connection, status, account, error, expiresAt })
    },
  )

/** What belongs to somebody else does not exist. */
const unknownFlow = (): GatewayError =>
  new GatewayError('not_found', 'This attempt to connect does not exist, or ended long ago. Start it again.')
