import { CALLBACK_PATH } from './addresses.ts'
import { type Route, defineRoute } from './route.ts'
import * as z from 'zod'

/** `GET /oauth/callback` of the API leads to the page that takes answers of services in: one place reads them. */
export const oauthCallbackRoute = (): Route =>
  defineRoute(
    {
      method: 'get',
      path: '/oauth/callback',
      summary: 'Take in the answer of a service, by way of the browser of the person who agreed',
      tag: 'connections',
      needs: 'anyone',
      deed: 'connection.authorize',
      query: z.looseObject({}),
      answers: { 303: { description: 'The page that takes the answer in.' } },
    },
    ({ context }) => Promise.resolve(context.redirect(`${CALLBACK_PATH}${new URL(context.req.url).search}`, 303)),
  )
