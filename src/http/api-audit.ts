import { type Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import {
  auditCheckpoints,
  type ExportFormat,
  exportAuditLog,
  queryAuditLog,
  tailAuditLog,
  verifyAuditLog,
} from '../admin/audit.ts'
import type { AuditFilter } from '../admin/audit-reader.ts'
import { MOST_PER_PAGE } from '../admin/page.ts'
import type { AuditRecord } from '../kernel/audit.ts'
import type { GatewayError } from '../kernel/errors.ts'
import { checkedNowAndThen, type Recheck, watchAdmission } from './admission.ts'
import { pageAnswer, timeAnswer } from './answers.ts'
import { nameText, pageQuery } from './api-input.ts'
import { type Route, defineRoute, ok } from './route.ts'

/** A comment this often keeps proxies and clients from giving up on a quiet log. */
const KEEP_ALIVE_MS = 15_000

const time = z.coerce.number().int().min(0).optional()

const filterQuery = {
  type: nameText.optional(),
  principal: nameText.optional(),
  agent: nameText.optional(),
  user: nameText.optional(),
  tool: nameText.optional(),
  connection: nameText.optional(),
  decision: z.enum(['allow', 'deny']).optional(),
  rule: nameText.optional(),
  outcome: nameText.optional(),
  code: nameText.optional(),
  approval: nameText.optional(),
  requestId: nameText.optional(),
  trace: nameText.optional(),
  text: nameText.optional(),
  since: time,
  until: time,
}

const auditQuery = z.strictObject({ ...pageQuery, ...filterQuery })

const exportQuery = z.strictObject({
  ...filterQuery,
  format: z.enum(['jsonl', 'csv']).default('jsonl').describe('JSON lines, the exact records; or CSV for spreadsheets.'),
})

/** Each kept checkpoint proves all records before it, so the last of them would do; more say when the log was changed. */
const MOST_KEPT = 1_500
const MOST_KEYS = 16

const verifyBody = z.strictObject({
  checkpoints: z
    .array(z.string().max(4_096))
    .max(MOST_KEPT)
    .optional()
    .describe('Lines that were kept elsewhere: checkpoints, or log lines that carry one.'),
  keys: z
    .array(z.string().max(200))
    .min(1)
    .max(MOST_KEYS)
    .optional()
    .describe('Who must have signed them: SPKI in base64url. Left out, the keys of this gateway.'),
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
  checkpoints: z.number(),
  notes: z.array(z.string()),
})

const checkpointsAnswer = z.looseObject({
  keys: z.array(z.looseObject({ kid: z.string(), spki: z.string() })),
  lastCheckpoint: z.string().optional(),
  troubles: z.array(z.string()),
})

/** `/audit`: pages, newest first; `/audit/export`; `/audit/verify`; `/audit/checkpoints`; `/audit/tail`: server-sent events named `record`, cut when the caller loses the right. */
export const auditRoutes = (deps: AdminDeps, stopping: AbortSignal): readonly Route[] => [
  ...readingRoutes(deps, stopping),
  ...checkingRoutes(deps),
]

const readingRoutes = (deps: AdminDeps, stopping: AbortSignal): readonly Route[] => [
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
      method: 'get',
      path: '/audit/export',
      summary: 'All records that match, oldest first; arguments and results are for auditors',
      tag: 'audit',
      needs: 'viewer',
      deed: 'audit.exported',
      query: exportQuery,
      answers: { 200: { description: 'JSON lines, or CSV with a header line.', mediaType: 'application/x-ndjson' } },
    },
    async ({ principal, query: { format, ...filter }, signal, recheck }) => {
      const gone = new AbortController()
      const until = AbortSignal.any([signal, stopping, gone.signal])
      const pieces = await exportAuditLog(deps, principal, { filter: given(filter), format, signal: until })
      return download(pieces, { format, gone, recheck: checkedNowAndThen(recheck, deps.clock) })
    },
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
      answers: {
        200: {
          description: 'Events named `record`; at last `problem`, when the caller may not follow any more.',
          mediaType: 'text/event-stream',
        },
      },
    },
    async ({ principal, query: { last }, context, recheck }) => {
      const gone = new AbortController()
      const signal = AbortSignal.any([gone.signal, stopping])
      return stream(context, await tailAuditLog(deps, principal, { last, signal }), { gone, recheck })
    },
  ),
]

const checkingRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'post',
      path: '/audit/verify',
      summary: 'Check that nobody has changed the audit log, also against checkpoints that were kept elsewhere',
      tag: 'audit',
      needs: 'viewer',
      deed: 'audit.verified',
      body: verifyBody,
      answers: { 200: { description: 'Whether the chain holds.', schema: verification } },
    },
    async ({ principal, body: { checkpoints: lines, keys }, signal }) =>
      ok(await verifyAuditLog(deps, principal, { kept: lines && { lines, keys }, signal })),
  ),
  defineRoute(
    {
      method: 'get',
      path: '/audit/checkpoints',
      summary: 'The public keys and the last checkpoint, to check the audit log without any secret',
      tag: 'audit',
      needs: 'viewer',
      deed: 'audit.checkpoints_read',
      answers: { 200: { description: 'Keys, the newest first.', schema: checkpointsAnswer } },
    },
    async ({ principal }) => ok(await auditCheckpoints(deps, principal)),
  ),
]

const MEDIA = { jsonl: 'application/x-ndjson', csv: 'text/csv; charset=utf-8; header=present' } as const

interface Download {
  readonly format: ExportFormat
  readonly gone: AbortController
  readonly recheck: Recheck
}

/**
 * Reads on only as fast as the caller takes it. A failure on the way, or that the caller would be refused by now, breaks the
 * answer off, so that nobody takes it for whole.
 */
function download(pieces: AsyncIterable<string>, { format, gone, recheck }: Download): Response {
  const reading = pieces[Symbol.asyncIterator]()
  const stop = async (): Promise<void> => {
    gone.abort()
    await reading.return?.()
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await recheck().catch(async (error: unknown) => {
        await stop()
        throw error
      })
      const { value, done } = await reading.next()
      if (done === true) controller.close()
      else controller.enqueue(Buffer.from(value))
    },
    cancel: stop,
  })
  return new Response(body, {
    headers: { 'content-type': MEDIA[format], 'content-disposition': `attachment; filename="audit.${format}"` },
  })
}

interface Following {
  readonly gone: AbortController
  readonly recheck: Recheck
}

/** Ends with an event `problem` when the caller would be refused by now. */
const stream = (c: Context, records: AsyncIterable<AuditRecord>, { gone, recheck }: Following): Response =>
  streamSSE(c, async (stream) => {
    stream.onAbort(() => gone.abort())
    let refused: GatewayError | undefined
    const stopWatching = watchAdmission(recheck, (error) => {
      refused = error
      gone.abort()
    })
    const beat = setInterval(() => void stream.write(': still here\n\n'), KEEP_ALIVE_MS)
    try {
      for await (const record of records) {
        if (refused) break
        await stream.writeSSE({ id: String(record.seq), event: 'record', data: JSON.stringify(record) })
      }
      if (refused) await stream.writeSSE({ event: 'problem', data: JSON.stringify(toProblem(refused)) })
    } finally {
      stopWatching()
      clearInterval(beat)
      gone.abort()
    }
  })

const toProblem = ({ code, message: detail }: GatewayError): object => ({ code, detail })

/** Without the members that were not asked for. */
const given = (filter: Readonly<Partial<Record<keyof AuditFilter, unknown>>>): AuditFilter =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
