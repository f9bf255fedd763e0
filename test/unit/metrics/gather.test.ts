import { describe, expect, it, onTestFinished } from 'vitest'
import type { AuditEvent } from '../../../src/kernel/audit.ts'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import type { Member } from '../../../src/metrics/gather.ts'
import { type Metrics, openMetrics } from '../../../src/metrics/metrics.ts'

const exchange = { meta: undefined, protocol: { era: 'modern', version: '2026-07-28' } } as unknown as Exchange
const OUTCOME = { connection: 'crm', tool: 'conn:crm:find', outcome: 'ok', decision: 'allow' } as unknown as AuditEvent

function opened(process: string): Metrics {
  const metrics = openMetrics({ version: '1', tools: false, now: () => 0, process })
  onTestFinished(metrics.close)
  return metrics
}

function calls(metrics: Metrics, times: number): void {
  for (let count = 0; count < times; count++) metrics.telemetry.begin('tool.call', exchange).ended(OUTCOME)
}

interface Worker extends Member {
  readonly metrics: Metrics
  readonly asked: () => number
  hang(): void
  end(): void
}

function workerNamed(name: string): Worker {
  const metrics = opened(name)
  const ended = new AbortController()
  let hangs = false
  let asked = 0
  return {
    metrics,
    asked: () => asked,
    ended: ended.signal,
    async read() {
      asked += 1
      if (hangs) await new Promise<never>(() => undefined)
      // As it comes over the wire.
      return JSON.parse(JSON.stringify(await metrics.figures())) as unknown
    },
    hang: () => void (hangs = true),
    end: () => ended.abort(),
  }
}

/** An owner of two workers, whose time is up as soon as it waits. */
function owner(members: readonly Worker[]) {
  const metrics = opened('owner')
  const waits: (() => void)[] = []
  const schedule = (work: () => void): (() => void) => {
    waits.push(work)
    return () => void waits.splice(waits.indexOf(work), 1)
  }
  metrics.gather({ expected: 2, members: () => members.filter(({ ended }) => !ended.aborted), schedule })
  return {
    metrics,
    async scrape(): Promise<(name: string) => number | undefined> {
      const asked = metrics.text()
      // Whoever answers at all does so before this.
      await new Promise((resolve) => void setImmediate(resolve))
      for (const giveUp of waits.splice(0)) giveUp()
      const text = await asked
      return (name) => {
        const line = text.split('\n').find((one) => one.startsWith(`${name} `))
        return line === undefined ? undefined : Number(line.slice(name.length + 1))
      }
    },
  }
}

const CALLS = 'gw_calls_total{connection="crm",outcome="ok"}'
const TIMED = 'mcp_server_operation_duration_seconds_count{mcp_method_name="tools/call",error_type=""}'

describe('the figures of several processes in one exposition', () => {
  it('are sums, and each process stands there by itself where a sum says nothing', async () => {
    const [one, two] = [workerNamed('worker-1'), workerNamed('worker-2')]
    const { metrics, scrape } = owner([one, two])
    calls(metrics, 1)
    calls(one.metrics, 10)
    calls(two.metrics, 100)
    const value = await scrape()
    expect([value(CALLS), value(TIMED)]).toEqual([111, 111])
    expect(value(`gw_build_info{version="1",node="${process.version}"}`)).toBe(1)
    for (const name of ['owner', 'worker-1', 'worker-2'])
      expect(value(`process_resident_memory_bytes{process="${name}"}`)).toBeGreaterThan(1_000_000)
    expect([value('gw_workers{state="told"}'), value('gw_workers{state="missing"}')]).toEqual([2, 0])
  })

  it('leave out how things are in a process that does not answer in time, and keep what it has counted', async () => {
    const [one, two] = [workerNamed('worker-1'), workerNamed('worker-2')]
    const { scrape } = owner([one, two])
    calls(one.metrics, 10)
    calls(two.metrics, 100)
    await scrape()
    calls(one.metrics, 1)
    two.hang()
    const value = await scrape()
    expect([value(CALLS), value('gw_workers{state="missing"}')]).toEqual([111, 1])
    expect(value('process_resident_memory_bytes{process="worker-2"}')).toBeUndefined()
    await scrape()
    expect([one.asked(), two.asked()], 'one that hangs is asked once').toEqual([3, 2])
  })

  it('do not fall when a process ends and another one starts from zero', async () => {
    const [one, two, three] = [workerNamed('worker-1'), workerNamed('worker-2'), workerNamed('worker-2')]
    const members = [one, two]
    const { scrape } = owner(members)
    calls(one.metrics, 10)
    calls(two.metrics, 100)
    await scrape()
    two.end()
    const alone = await scrape()
    expect([alone(CALLS), alone('gw_workers{state="missing"}')]).toEqual([110, 1])
    calls(three.metrics, 5)
    members.push(three)
    const value = await scrape()
    expect([value(CALLS), value('gw_workers{state="missing"}')]).toEqual([115, 0])
    three.end()
    expect((await scrape())(CALLS)).toBe(115)
  })

  it('count a process that tells something else as missing', async () => {
    const one = workerNamed('worker-1')
    const { scrape } = owner([{ ...one, read: () => Promise.resolve('nonsense') }])
    expect((await scrape())('gw_workers{state="missing"}')).toBe(2)
  })
})
