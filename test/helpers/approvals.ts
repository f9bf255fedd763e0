import { randomBytes } from 'node:crypto'
import { type ApprovalGrants, openApprovalGrants } from '../../src/approvals/grants.ts'
import { type ApprovalLimits, type ApprovalQueue, openApprovalQueue } from '../../src/approvals/queue.ts'
import type { Approvals } from '../../src/gateway/approvals/approvals.ts'
import type { Approval } from '../../src/kernel/approval.ts'
import type { AuditEvent } from '../../src/kernel/audit.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { memoryDriver } from '../../src/store/memory-driver.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { parseKey } from '../../src/vault/key.ts'
import { seal } from '../../src/vault/seal.ts'
import { openVault, type Vault } from '../../src/vault/vault.ts'
import { asWritten, testGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.ts'

/** Timers that a test turns by hand. */
export interface Timers {
  readonly schedule: Approvals['schedule']
  /** Runs everything that waits. */
  run(): void
  readonly waiting: () => number
}

export function timers(): Timers {
  const all = new Set<() => void>()
  return {
    schedule: (work) => {
      all.add(work)
      return () => void all.delete(work)
    },
    run() {
      const due = [...all]
      all.clear()
      for (const work of due) work()
    },
    waiting: () => all.size,
  }
}

/** The gateway's lives with a real queue over a store in memory. */
export interface ApprovalWorld {
  readonly gateway: TestGateway
  readonly queue: ApprovalQueue
  readonly grants: ApprovalGrants
  readonly store: Store
  readonly timers: Timers
  readonly approvals: Approvals
  /** The newest approval. */
  newest(): Approval
  /** Says yes for everything that is asked. */
  approve(id?: string, by?: string): Promise<Approval>
  deny(id?: string, reason?: string): Promise<Approval>
}

export interface ApprovalWorldOptions extends TestGatewayOptions {
  readonly limits?: Partial<ApprovalLimits>
  readonly store?: Store
  readonly vault?: Vault
}

export const testVault = (): Vault => openVault({ keys: [parseKey(new Secret(randomBytes(32).toString('base64')))] })

export async function approvalWorld(options: ApprovalWorldOptions = {}): Promise<ApprovalWorld> {
  const { store = openStore(memoryDriver()), vault = testVault(), limits = {}, ...more } = options
  let approvals: Approvals | undefined
  const gateway = testGateway({ ...more, approvals: () => approvals })
  const audit = { append: (event: AuditEvent) => Promise.resolve(void gateway.events.push(asWritten(event))) }
  const { clock } = gateway.deps
  const clocks = timers()
  const queue = await openApprovalQueue({ store, vault, audit, clock, schedule: clocks.schedule, limits })
  const grants = await openApprovalGrants({ store, audit, clock })
  approvals = {
    queue,
    grants: grants.list,
    link: (id) => `https://gateway.test/approve/${id}`,
    waived: audit.append,
    seal: seal(vault.derive('doorbell'), 'doorbell'),
    schedule: clocks.schedule,
  }
  const newest = (): Approval => {
    const [first] = queue.list()
    if (!first) throw new Error('nothing waits for approval')
    return first
  }
  const vote = (id: string, verdict: 'approve' | 'deny', by: string, reason?: string) => {
    const rules = queue.find(id)?.demands.map(({ rule }) => rule) ?? []
    return queue.vote(id, { by, verdict, reason, channel: 'console', rules })
  }
  return {
    gateway,
    queue,
    grants,
    store,
    timers: clocks,
    approvals,
    newest,
    approve: (id = newest().id, by = 'user:mona') => vote(id, 'approve', by),
    deny: (id = newest().id, reason) => vote(id, 'deny', 'user:mona', reason),
  }
}

/** A policy whose only rule lets everybody do everything that people approve. */
export const asking = (approval: object = {}, more: object = {}) => ({
  groups: { managers: {} },
  rules: [{ id: 'ask', effect: 'allow', obligations: { approval: { approvers: ['managers'], ...approval }, ...more } }],
})
