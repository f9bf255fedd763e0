import * as z from 'zod'
import { durationSchema, secretSchema } from './field-schemas.ts'

const roomSchema = (running: number, waiting: number) =>
  z.strictObject({
    running: z.int().min(1).max(10_000).default(running).describe('Calls that may run at once.'),
    waiting: z
      .int()
      .min(0)
      .max(100_000)
      .default(waiting)
      .describe('Calls that may wait for a place; more are refused.'),
  })

/** How much may go on at once. */
export const limitsSchema = z.strictObject({
  perPrincipal: roomSchema(96, 256)
    .prefault({})
    .describe(
      'Of one agent, or of one person whom an agent acts for, over all connections. One connection gets three quarters of `running`, so that one that hangs leaves some.',
    ),
  perConnection: roomSchema(128, 1_024)
    .prefault({})
    .describe(
      'Of one connection, over all agents; they take turns. `maxConcurrent` of a connection stands above `running`.',
    ),
  wait: durationSchema.prefault('30s').describe('How long a call waits for a place at most.'),
})

/** Shorter ones can be guessed. */
const SHORTEST_TOKEN = 16

/** Who may read `/metrics`. */
export const metricsSchema = z
  .strictObject({
    token: secretSchema
      .optional()
      .describe('A bearer token for a scraper, besides the keys of people with a role. At least 16 characters.'),
    tools: z
      .boolean()
      .default(false)
      .describe('Tells calls apart by tool too. Every tool that is called adds series: for small catalogs.'),
  })
  .refine(({ token }) => token === undefined || token.reveal().length >= SHORTEST_TOKEN, {
    path: ['token'],
    message: `The token has fewer than ${SHORTEST_TOKEN} characters. Make one with: openssl rand -base64 24`,
  })

/** Of one connection. */
export const maxConcurrentSchema = z
  .int()
  .min(1)
  .max(10_000)
  .optional()
  .describe('Calls of this connection that may run at once; more wait. Stands above limits.perConnection.running.')
