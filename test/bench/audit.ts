import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jsonlAuditLog } from '../../src/audit/jsonl-audit-log.ts'
import { statementSigner } from '../../src/audit/statement.ts'
import type { AuditEvent, AuditLog } from '../../src/kernel/audit.ts'

const CONCURRENCY = 64
const EVENTS = 20_000
const ALONE = 500

export interface AuditFigures {
  /** With 64 appends under way at any time. */
  readonly appendsPerSecond: number
  /** One append at a time: about one flush of the disk. */
  readonly aloneP50Ms: number
}

/** Measures durable appends to a log in a directory of its own. */
export async function benchAudit(): Promise<AuditFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const log = await jsonlAuditLog({
    directory,
    key: Buffer.alloc(32, 7),
    clock: Date.now,
    checkpoints: { signer: statementSigner(Buffer.alloc(32, 8)), gateway: 'bench' },
  })
  try {
    return { aloneP50Ms: await alone(log), appendsPerSecond: await together(log) }
  } finally {
    await log.close()
    await rm(directory, { recursive: true, force: true })
  }
}

async function together(log: AuditLog): Promise<number> {
  let left = EVENTS
  const began = performance.now()
  const appendOneByOne = async (): Promise<void> => {
    while (left-- > 0) await log.append(event())
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, appendOneByOne))
  return Math.round(EVENTS / ((performance.now() - began) / 1_000))
}

async function alone(log: AuditLog): Promise<number> {
  const times: number[] = []
  for (let n = 0; n < ALONE; n++) {
    const began = performance.now()
    await log.append(event())
    times.push(performance.now() - began)
  }
  return Number((times.sort((a, b) => a - b)[ALONE / 2] ?? 0).toFixed(3))
}

const event = (): AuditEvent => ({
  type: 'tool.call',
  phase: 'outcome',
  at: Date.now(),
  requestId: 'req_0123456789abcdef',
  principal: 'agent:sidekick/user:ann',
  agent: 'sidekick',
  user: 'ann',
  tool: 'conn:gmail:search_messages',
  connection: 'gmail',
  decision: 'allow',
  rule: 'read-mail',
  outcome: 'ok',
  durationMs: 12,
  argumentsHash: 'Z2F0ZWhvdXNlLWdhdGVob3VzZS1nYXRlaG91c2UtMTI',
})
