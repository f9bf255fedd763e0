import type { ApprovalGrants } from '../approvals/grants.ts'
import { openApprovalGrants } from '../approvals/grants.ts'
import { type ApprovalQueue, openApprovalQueue } from '../approvals/queue.ts'
import type { Approvals } from '../gateway/approvals/approvals.ts'
import type { Log } from '../gateway/gateway.ts'
import type { Clock } from '../kernel/clock.ts'
import { realSchedule } from '../sources/schedule.ts'
import { seal } from '../vault/seal.ts'
import type { Closing } from './closing.ts'
import type { World } from './world.ts'

/** How often expired approvals are ended and old ones forgotten, milliseconds. */
const SWEEP_EVERY_MS = 30_000

export interface OpenApprovals {
  readonly queue: ApprovalQueue
  readonly grants: ApprovalGrants
  readonly approvals: Approvals
}

export interface ApprovalParts {
  readonly world: Pick<World, 'store' | 'vault' | 'audit'>
  readonly clock: Clock
  readonly log: Log
  readonly closing: Closing
  /** Where people reach our pages, without a slash at the end. */
  origin(): string
}

/** The queue and the grants over the store, as gateway and admins use them. */
export async function openApprovals({ world, clock, log, closing, origin }: ApprovalParts): Promise<OpenApprovals> {
  const { store, vault, audit } = world
  const schedule = realSchedule
  const queue = await openApprovalQueue({ store, vault, audit, clock, schedule })
  closing.add(queue.close)
  const grants = await openApprovalGrants({ store, audit, clock })
  closing.add(grants.close)
  const sweeping = setInterval(() => {
    queue.sweep().catch((error: unknown) => log.error({}, 'expired approvals could not be ended', error))
  }, SWEEP_EVERY_MS).unref()
  closing.add(() => clearInterval(sweeping))
  const approvals: Approvals = {
    queue,
    grants: grants.list,
    link: (id) => `${origin()}/approve/${encodeURIComponent(id)}`,
    waived: (event) => audit.append(event),
    seal: seal(vault.derive('doorbell'), 'doorbell'),
    schedule,
  }
  return { queue, grants, approvals }
}
