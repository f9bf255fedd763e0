import { type Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { z } from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { queryAuditLog, tailAuditLog, verifyAuditLog } from '../admin/audit.ts'
import type { AuditFilter } from '../admin/audit-reader.ts'
import { MOST_PER_PAGE } from '../admin/page.ts'
import type { AuditRecord } from '../kernel/audit.ts'
import { pageAnswer, timeAnswer } from './answers.ts'
import { nameText, pageQuery } from './api-input.ts'
import { type Route, defineRoute, ok } from './route.ts'

/** A comment this often keeps proxies and clients from giving up on a quiet log. */
const KEEP_ALIVE_MS = 15_000

const time = z.coerce.number().int().min(0).optional()

const auditQuery = z.strictObject({
  ...pageQuery,
  type: nameText.optional(),
  agent: nameText.optional(),
  user: nameText.optional(),
  tool: nameText.optional(),
  connection: nameText.optional(),
  decision: z.enum(['allow', 'deny']).optional(),
  outcome: nameText.optional(),
  requestId: nameText.optional(),
  text: nameText.optional(),
  since: time,
  until: time,
})

const tailQuery = z.strictObject({ last: z.coerce.number().int().min(0).max(MOST_PER_PAGE).default(0) })

const recordAnswer = z
  .looseObject({
    seq: z.number(),
    type: z.string(),
    phase: z.enum(['intent', 'outcome', 'event']),
    at: timeAnswer,
    prev: z.string(),
    hash: z.string(),
  })
  .meta({ id: 'AuditRecord' })

const verification = z.looseObject({
  ok: z.boolean(),
  records: z.number(),
  segments: z.number(),
  notes: z.array(z.string()),
})

/** `/audit`: pages, newest first; `/audit/verify`; `/audit/tail`: server-sent events named `record`. */
export const auditRoutes = (deps: AdminDeps, stopping: AbortSignal): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/audit',
      summary: 'Search the audit log; arguments and results are for auditors',
      tag: 'audit',
      needs: 'viewer',
      deed: 'audit.read',
      query: auditQuery,
      answers: { 200: { description: 'A page of records, newest first.', schema: pageAnswer(recordAnswer) } },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query: { limit, cursor, ...filter }, signal }) =>
      ok(await queryAuditLog(deps, principal, { limit, cursor, filter: given(filter), signal })),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/audit/verify',
      summary: 'Check that nobody has changed the audit log',
      tag: 'audit',
      needs: 'viewer',
      deed: 'audit.verified',
      answers: { 200: { description: 'Whether the chain holds.', schema: verification } },
    },
    async ({ principal, signal }) => ok(await verifyAuditLog(deps, principal, signal)),
  ),
  defineRoute(
    {
      method: 'get',
      path: '/audit/tail',
      summary: 'Follow the audit log; arguments and results are for auditors',
      tag: 'audit',
      needs: 'viewer',
      deed: 'audit.tailed',
      query: tailQuery,
      answers: { 200: { description: 'Events named `record`.', mediaType: 'text/event-stream' } },
    },
    async ({ principal, query: { last }, context }) => {
      const gone = new AbortController()
      const signal = AbortSignal.any([gone.signal, stopping])
      return stream(context, await tailAuditLog(deps, principal, { last, signal }), gone)
    },
  ),
]

const stream = (c: Context, records: AsyncIterable<AuditRecord>, gone: AbortController): Response =>
  streamSSE(c, async (stream) => {
    stream.onAbort(() => gone.abort())
    const beat = setInterval(() => void stream.write(': still here\n\n'), KEEP_ALIVE_MS)
    try {
      for await (const record of records) {
        await stream.writeSSE({ id: String(record.seq), event: 'record', data: JSON.stringify(record) })
      }
    } finally {
      clearInterval(beat)
      gone.abort()
    }
  })

/** Without the members that were not asked for. */
const given = (filter: Readonly<Partial<Record<keyof AuditFilter, unknown>>>): AuditFilter =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
