import { type Command, Option } from 'commander'
import type { ShownApproval } from '../../admin/approvals.ts'
import type { Page } from '../../admin/page.ts'
import { visibleText } from '../../gateway/approvals/visible.ts'
import type { Approval, ApprovalGrant } from '../../kernel/approval.ts'
import { type Cli, type CommonOptions, answeringCommand, command } from '../command.ts'
import { everyPage } from '../every-page.ts'
import { withGateway } from '../gateway-client.ts'
import { say, sayJson, sayTable, toTime } from '../print.ts'
import type { Shell } from '../shell.ts'

/** `approvals list|show|approve|deny|grants|revoke`. */
export const approvalsCommand = (cli: Cli): Command =>
  command(cli, 'approvals', 'decide about calls that wait for people')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(approveCommand(cli))
    .addCommand(denyCommand(cli))
    .addCommand(grantsCommand(cli))
    .addCommand(revokeCommand(cli))

const listCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'list', 'list calls that wait, or were decided; newest first', [
    'approvals list',
    'approvals list --state denied',
  ])
    .addOption(
      new Option('--state <state>', 'only these').choices(['pending', 'approved', 'denied', 'consumed', 'expired']),
    )
    .action(async ({ config, json, state }: CommonOptions & { readonly state?: string }) => {
      const { shell } = cli
      const items = await withGateway(shell, { config }, (gateway) =>
        everyPage((cursor) =>
          gateway.ask<Page<Approval>>('GET', '/approvals', { query: { limit: 1000, cursor, state } }),
        ),
      )
      if (json === true) return sayJson(shell, { items })
      if (items.length === 0) return say(shell, 'No calls wait for approval.')
      sayTable(shell, ['APPROVAL', 'STATE', 'AGENT', 'TOOL', 'EXPIRES'], items.map(toRow))
    })

const toRow = ({ id, state, agent, user, tool, expiresAt }: Approval): readonly string[] => [
  id,
  state,
  user === undefined ? agent : `${agent} for ${user}`,
  tool,
  toTime(expiresAt),
]

const showCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'show', 'show a call with its arguments; looking is recorded', ['approvals show <id>'])
    .argument('<id>')
    .action(async (id: string, { config, json }: CommonOptions) => {
      const { shell } = cli
      const shown = await withGateway(shell, { config }, (gateway) => gateway.ask<ShownApproval>('GET', pathOf(id)))
      if (json === true) sayJson(shell, shown)
      else sayApproval(shell, shown)
    })

function sayApproval(shell: Shell, approval: ShownApproval): void {
  const { arguments: input, subject, demands, votes, whyNot, changed } = approval
  const [, state = '', who = '', tool = '', expires = ''] = toRow(approval)
  say(shell, `${visibleText(who)} wants to call ${tool}: ${state}, expires ${expires}`)
  if (subject) say(shell, `Risk ${subject.risk} (${subject.effect}${subject.external ? ', reaches outside' : ''})`)
  if (changed) say(shell, 'The tool is defined otherwise than when this was asked, or it is gone.')
  for (const { rule, quorum, approvers } of demands) say(shell, `Rule ${rule}: ${quorum} of ${approvers.join(', ')}`)
  for (const { by, verdict, reason } of votes) {
    say(shell, `${visibleText(by)}: ${verdict}${reason === undefined ? '' : ` (${visibleText(reason)})`}`)
  }
  if (whyNot !== undefined) say(shell, whyNot)
  say(shell, input ? visibleText(JSON.stringify(input, undefined, 2)) : 'The arguments are not here to read.')
}

interface Saying extends CommonOptions {
  readonly reason?: string
  readonly for?: string
}

const approveCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'approve', 'say yes to a call; look at it first', [
    'approvals approve <id>',
    'approvals approve <id> --for 1h   # and exactly this call for an hour',
  ])
    .argument('<id>')
    .option('--reason <text>', 'why')
    .option('--for <duration>', 'spares the same call of the same agent the wait, at most 24h')
    .action(async (id: string, saying: Saying) => {
      const { shell } = cli
      const { config, json, reason } = saying
      if (saying.for !== undefined) return grant(cli, id, saying)
      const said = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<Approval>('POST', `${pathOf(id)}/approve`, { body: { reason } }),
      )
      if (json === true) return sayJson(shell, said)
      say(shell, said.state === 'pending' ? 'Your yes counts; more people are needed.' : `The call is ${said.state}.`)
    })

async function grant({ shell }: Cli, id: string, { config, json, for: span }: Saying): Promise<void> {
  const given = await withGateway(shell, { config }, (gateway) =>
    gateway.ask<ApprovalGrant>('POST', `${pathOf(id)}/grant`, { body: { for: span } }),
  )
  if (json === true) return sayJson(shell, given)
  say(shell, `Approved, and again until ${toTime(given.notAfter)} (grant ${given.id}).`)
}

const denyCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'deny', 'say no to a call, finally', ['approvals deny <id> --reason "Wrong customer."'])
    .argument('<id>')
    .option('--reason <text>', 'why; the agent reads it')
    .action(async (id: string, { config, json, reason }: Saying) => {
      const { shell } = cli
      const said = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<Approval>('POST', `${pathOf(id)}/deny`, { body: { reason } }),
      )
      if (json === true) return sayJson(shell, said)
      say(shell, `The call is ${said.state}.`)
    })

const grantsCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'grants', 'list the calls that need not wait for now', ['approvals grants']).action(
    async ({ config, json }: CommonOptions) => {
      const { shell } = cli
      const { items } = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<{ readonly items: readonly ApprovalGrant[] }>('GET', '/approval-grants'),
      )
      if (json === true) return sayJson(shell, { items })
      if (items.length === 0) return say(shell, 'No grants are in force.')
      const rows = items.map(({ id, principal, tool, by, notAfter }) => [id, principal, tool, by, toTime(notAfter)])
      sayTable(shell, ['GRANT', 'FOR', 'TOOL', 'BY', 'UNTIL'], rows)
    },
  )

const revokeCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'revoke', 'take a grant back, at once', ['approvals revoke <grant>'])
    .argument('<grant>')
    .action(async (id: string, { config, json }: CommonOptions) => {
      const { shell } = cli
      await withGateway(shell, { config }, (gateway) =>
        gateway.ask('DELETE', `/approval-grants/${encodeURIComponent(id)}`),
      )
      if (json === true) return sayJson(shell, { revoked: id })
      say(shell, `The grant ${id} is over.`)
    })

const pathOf = (id: string): string => `/approvals/${encodeURIComponent(id)}`
