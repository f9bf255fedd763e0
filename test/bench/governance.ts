import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jsonlAuditLog } from '../../src/audit/jsonl-audit-log.ts'
import { statementSigner } from '../../src/audit/statement.ts'
import type { AuditLog } from '../../src/kernel/audit.ts'
import { ALLOW_ALL, testGateway, type TestGateway } from '../helpers/test-gateway.ts'
import { sourceTool } from '../helpers/tools.ts'

const RULES = 1_000
const ROUNDS = 15
const CALLS = 1_000
const AGENT = 'sidekick'
const TOOL = 'conn:quick:echo'
const INPUT = { text: 'gatehouse '.repeat(8), to: ['ann@corp.com', 'bob@corp.com'] }

export interface GovernanceFigures {
  /** What 1,000 rules, a limit, a quota, redaction and the audit log on disk add to a call that reads, milliseconds. */
  readonly addedP50Ms: number
  readonly addedP99Ms: number
  /** The same call with one rule and no audit log. */
  readonly bareP50Ms: number
}

/** Calls the gateway's own life of a call, one at a time, governed and not, in turns. */
export async function benchGovernance(): Promise<GovernanceFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const audit = await jsonlAuditLog({
    directory,
    key: Buffer.alloc(32, 7),
    clock: Date.now,
    checkpoints: { signer: statementSigner(Buffer.alloc(32, 8)), gateway: 'bench' },
  })
  const nothing: AuditLog = { append: () => Promise.resolve(), close: () => Promise.resolve() }
  const [governed, bare] = [toGateway(toPolicy(), audit), toGateway(ALLOW_ALL, nothing)]
  try {
    const times = { governed: [] as number[], bare: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      const [g, b] = [await timed(governed), await timed(bare)]
      // The first round warms up.
      if (round > 0) times.governed.push(...g)
      if (round > 0) times.bare.push(...b)
    }
    const [g, b] = [times.governed.toSorted(byValue), times.bare.toSorted(byValue)]
    return {
      addedP50Ms: rounded(at(g, 0.5) - at(b, 0.5)),
      addedP99Ms: rounded(at(g, 0.99) - at(b, 0.99)),
      bareP50Ms: rounded(at(b, 0.5)),
    }
  } finally {
    await governed.deps.ledger.settled()
    await audit.close()
    await rm(directory, { recursive: true, force: true })
  }
}

async function timed({ call }: TestGateway): Promise<readonly number[]> {
  const times: number[] = []
  for (let n = 0; n < CALLS; n++) {
    const began = performance.now()
    await call(AGENT, TOOL, INPUT)
    times.push(performance.now() - began)
    // A service would take its time now; the audit log writes meanwhile.
    await new Promise((next) => void setImmediate(next))
  }
  return times
}

const toGateway = (policy: unknown, audit: AuditLog): TestGateway =>
  testGateway({
    audit,
    policy,
    connections: {
      quick: { tools: [sourceTool('echo', { effect: 'read' }, { inputSchema: { type: 'object' } })] },
      other: { tools: [sourceTool('echo', { effect: 'read' })] },
    },
  })

function toPolicy(): object {
  const budget = { rateLimit: { limit: 1_000_000, window: '1s' }, quota: { limit: 1_000_000_000, window: 'month' } }
  const rules = [
    { id: 'all', effect: 'allow', obligations: { ...budget, redact: [{ preset: 'secrets' }] } },
    {
      id: 'inside',
      effect: 'require',
      tools: { connections: ['quick'] },
      args: { '/to': { emailDomains: ['corp.com'] } },
    },
    ...Array.from({ length: RULES - 2 }, (_, n) => ({
      id: `rule-${n}`,
      effect: n % 2 === 0 ? 'allow' : 'deny',
      subjects: { groups: [`team-${n % 50}`] },
      tools: { connections: [n % 3 === 0 ? 'quick' : 'other'] },
    })),
  ]
  return { groups: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`team-${n}`, {}])), rules }
}

const byValue = (a: number, b: number): number => a - b
const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
