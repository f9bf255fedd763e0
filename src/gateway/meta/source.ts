import { GatewayError } from '../../kernel/errors.ts'
import type { Source } from '../../kernel/source.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { approvalStatus } from './approval-status.ts'
import { BUILT_IN, FINDING } from './definitions.ts'
import { describeTools } from './describe.ts'
import { type SearchDeps, searchTools } from './search.ts'
import { statusFor } from './status.ts'

/** What answers the gateway's own tools. It has no connection, no credential, and knows only what the caller may see. */
export const builtInSource = (
  deps: SearchDeps,
  approvals?: () => Pick<Approvals, 'queue' | 'link'> | undefined,
): Source => ({
  connection: BUILT_IN,
  async callTool(name, input, exchange) {
    if (name === FINDING.search) return searchTools(deps, input, exchange)
    if (name === FINDING.describe) return describeTools(deps.snapshot(), input, exchange)
    if (name === 'status') return statusFor(deps.snapshot(), exchange)
    if (name === 'approval_status') return approvalStatus(approvals?.(), input, exchange)
    // A call that could be unwrapped was unwrapped, so this one named no tool.
    throw new GatewayError('invalid_input', `Say which tool to call: "tool" is the id that ${FINDING.search} gave.`)
  },
  close: () => Promise.resolve(),
})
