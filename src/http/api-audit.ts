import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { z } from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { queryAuditLog, tailAuditLog, verifyAuditLog } from '../admin/audit.ts'
import type { AuditFilter } from '../admin/audit-reader.ts'
import { MOST_PER_PAGE } from '../admin/page.ts'
import { type ApiEnv, nameText, pageQuery, readQuery } from './api-input.ts'

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

/** `/audit`: pages, newest first; `/audit/verify`; `/audit/tail`: server-sent events named `record`. */
export function auditRoutes(deps: AdminDeps, stopping: AbortSignal): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/audit', async (c) => {
      const { limit, cursor, ...filter } = readQuery(c, auditQuery)
      const query = { limit, cursor, filter: given(filter), signal: c.req.raw.signal }
      return c.json(await queryAuditLog(deps, c.var.principal, query))
    })
    .post('/audit/verify', async (c) => c.json(await verifyAuditLog(deps, c.var.principal, c.req.raw.signal)))
    .get('/audit/tail', async (c) => {
      const { last } = readQuery(c, tailQuery)
      const gone = new AbortController()
      const records = await tailAuditLog(deps, c.var.principal, {
        last,
        signal: AbortSignal.any([gone.signal, stopping]),
      })
      return streamSSE(c, async (stream) => {
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
    })
}

/** Without the members that were not asked for. */
const given = (filter: Readonly<Partial<Record<keyof AuditFilter, unknown>>>): AuditFilter =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
