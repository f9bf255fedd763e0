import { performance } from 'node:perf_hooks'
import type { House } from '../../src/cli/house.ts'
import type { AuditRecord } from '../../src/kernel/audit.ts'
import type { DemoCall, DemoDecision, Era } from './calls.ts'
import { type Answer, connect, type DemoClient } from './clients.ts'

export interface CallOutcome {
  readonly tool: string
  readonly era: Era
  readonly decision: DemoDecision
  readonly rule: string | null
  readonly ms: number
  readonly isError: boolean
  readonly firstLine: string
}

export interface Outcome {
  readonly calls: readonly CallOutcome[]
  readonly url: string
  /** Tools that the agent sees. */
  readonly tools: number
  readonly key: string
  /** What came otherwise than the demo expects. */
  readonly surprises: readonly string[]
}

/** Makes the calls as agent `sidekick` with a real client of each era; what was decided is read from the audit log. */
export async function runCalls(house: House, url: string, planned: readonly DemoCall[]): Promise<Outcome> {
  const { key } = await api<{ readonly key: string }>(house, 'POST', '/agents/sidekick/keys')
  const clients = { modern: await connect('modern', url, key), legacy: await connect('legacy', url, key) }
  const calls: CallOutcome[] = []
  const surprises: string[] = []
  for (const call of planned) {
    const { outcome, answer } = await run(house, clients[call.era], call)
    calls.push(outcome)
    surprises.push(...differences(call, outcome, answer))
  }
  const tools = await clients.modern.tools()
  await Promise.all([clients.modern.close(), clients.legacy.close()])
  return { calls, url, tools, key, surprises }
}

async function run(
  house: House,
  client: DemoClient,
  call: DemoCall,
): Promise<{ readonly outcome: CallOutcome; readonly answer: Answer }> {
  const startedAt = performance.now()
  const answer = await client.call(call.tool, call.input)
  const ms = performance.now() - startedAt
  const record = await lastCall(house)
  const outcome: CallOutcome = {
    tool: call.tool,
    era: call.era,
    decision: decisionOf(record),
    rule: record?.rule ?? null,
    ms: Math.round(ms * 10) / 10,
    isError: answer.isError,
    firstLine: answer.text.split('\n').find((line) => line.trim() !== '') ?? '',
  }
  return { outcome, answer }
}

const lastCall = async (house: House): Promise<AuditRecord | undefined> =>
  (await api<{ readonly items: readonly AuditRecord[] }>(house, 'GET', '/audit?type=tool.call&limit=1')).items[0]

function decisionOf(record: AuditRecord | undefined): DemoDecision {
  if (record?.outcome === 'unknown_tool') return record.decision === 'deny' ? 'hidden' : 'unknown'
  return record?.decision ?? 'unknown'
}

async function api<T>({ app, adminToken }: House, method: string, path: string): Promise<T> {
  const headers = { authorization: `Bearer ${adminToken.reveal()}`, 'content-type': 'application/json' }
  const response = await app.request(`http://localhost/api${path}`, {
    method,
    headers,
    ...(method === 'POST' && { body: '{}' }),
  })
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

function differences(call: DemoCall, outcome: CallOutcome, { text, isError }: Answer): readonly string[] {
  const where = `${call.tool} (${call.era})`
  return [
    outcome.decision === call.decision ? '' : `${where}: decision ${outcome.decision}, expected ${call.decision}`,
    outcome.rule === call.rule ? '' : `${where}: rule ${outcome.rule}, expected ${call.rule}`,
    isError === (call.decision !== 'allow') ? '' : `${where}: isError is ${isError}: ${text.slice(0, 200)}`,
    text.includes(call.shows) ? '' : `${where}: the result does not show "${call.shows}": ${text.slice(0, 200)}`,
    call.hides !== undefined && text.includes(call.hides) ? `${where}: the result shows "${call.hides}"` : '',
  ].filter((difference) => difference !== '')
}
