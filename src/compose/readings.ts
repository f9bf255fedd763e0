import type { Egress } from '../egress/egress.ts'
import type { Clock } from '../kernel/clock.ts'
import type { McpHttp } from '../mcp/streamable-http.ts'
import type { Readings } from '../metrics/gauges.ts'
import type { Engine } from './engine.ts'

export interface ReadingParts {
  readonly engine: Pick<Engine, 'gateway' | 'snapshots' | 'supervisor' | 'approvals'>
  readonly egress: Egress
  readonly mcp: Pick<McpHttp, 'counts'>
  readonly clock: Clock
}

/** What a scrape reads, from those who know it. */
export function toReadings({ engine, egress, mcp, clock }: ReadingParts): Readings {
  const { gateway, snapshots, supervisor, approvals } = engine
  let swappedAt = clock()
  snapshots.onChange(() => {
    swappedAt = clock()
  })
  return {
    connections: supervisor.statuses,
    calls: () => gateway.concurrency.counts().connections,
    requests: egress.load,
    clients: mcp.counts,
    auditPending: gateway.ledger.pending,
    approvalsPending: () => approvals.queue.list().filter(({ state }) => state === 'pending').length,
    snapshotAgeMs: () => Math.max(0, clock() - swappedAt),
  }
}
