import type { TestReport } from '../../admin/policy-tests.ts'
import type { AccessChange, DiffEntry, Finding, KindOfChange, PolicyPlan, TextDiff } from '../../admin/policy-plan.ts'
import { type Cell, paint, plain, say, sayTable, type Tone, toTime } from '../print.ts'
import type { Shell } from '../shell.ts'

/** A plan for people: text, access, tests, findings, calls of the past. */
export function sayPlan(shell: Shell, { base, layer, text, access, tests, lint, warnings, replay }: PolicyPlan): void {
  const other = layer === 'managed' ? `version ${base.version} of the managed policy` : 'the declared policy in force'
  say(shell, paint(shell, 'bold', `Compared with ${other}:`))
  sayDiff(shell, text)
  sayAccess(shell, access)
  sayTests(shell, tests)
  sayWarnings(shell, warnings)
  sayFindings(
    shell,
    lint.filter(({ isNew }) => isNew),
  )
  if (replay) sayReplay(shell, replay)
}

function sayDiff(shell: Shell, { added, removed, changed }: TextDiff): void {
  const of = (sign: string, entries: readonly DiffEntry[]): void => {
    for (const { part, name, lines } of entries) {
      say(shell, paint(shell, 'bold', plain(`${sign} ${part} "${name}"`)))
      for (const line of lines) say(shell, paintLine(shell, line))
    }
  }
  of('added', added)
  of('removed', removed)
  of('changed', changed)
  if (added.length + removed.length + changed.length === 0) say(shell, 'The documents say the same.')
}

const TONES: Readonly<Record<string, Tone>> = { '+': 'good', '-': 'bad' }

function paintLine(shell: Shell, line: string): string {
  const tone = TONES[line[0] ?? '']
  return tone ? paint(shell, tone, `  ${plain(line)}`) : `  ${plain(line)}`
}

const KINDS: Readonly<Record<KindOfChange, string>> = {
  gained: 'gains',
  lost: 'loses',
  approvalChanged: 'approval',
  conditionsChanged: 'conditions',
  obligationsChanged: 'obligations',
}

function sayAccess(shell: Shell, access: PolicyPlan['access']): void {
  const { totals } = access
  const rows = (Object.keys(KINDS) as KindOfChange[]).flatMap((kind) =>
    access[kind].map((change) => ({ kind, ...change })),
  )
  say(shell, '')
  if (rows.length === 0) return say(shell, 'No agent gains or loses anything.')
  if (totals.widening > 0) say(shell, paint(shell, 'bad', bannerOf(rows, totals.widening)))
  else say(shell, paint(shell, 'good', 'Nothing more is allowed than before.'))
  sayTable(shell, ['', 'AGENT', 'WHAT', 'RISK', 'BEFORE', 'AFTER', 'TOOL'], rows.toSorted(graver).map(toRow))
  const all =
    totals.gained + totals.lost + totals.approvalChanged + totals.conditionsChanged + totals.obligationsChanged
  if (all > rows.length) say(shell, `… and ${amount(all - rows.length)} more; --json with --listed shows more of them`)
}

type Row = AccessChange & { readonly kind: KindOfChange }

function bannerOf(rows: readonly Row[], widening: number): string {
  const wide = rows.filter((row) => row.widening)
  const unique = (of: (row: Row) => string): number => new Set(wide.map(of)).size
  const destructive = wide.filter(({ effect }) => effect === 'destructive').length
  const tools = counted(
    unique(({ tool }) => tool),
    'tool',
  )
  const what = `widens access at ${counted(widening, 'place')}: ${tools} × ${counted(
    unique(({ agent }) => agent),
    'agent',
  )}`
  return destructive > 0 ? `${what}, ${amount(destructive)} destructive` : what
}

const RISKS = ['critical', 'high', 'medium', 'low']
const graver = (a: Row, b: Row): number =>
  Number(b.widening) - Number(a.widening) || RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk)

const toRow = ({ widening, agent, kind, risk, before, after, tool }: Row): readonly Cell[] => [
  widening ? { text: 'widens', tone: 'bad' } : '',
  agent,
  KINDS[kind],
  risk,
  before,
  after,
  tool,
]

/** What became of tests; the failed ones by name. */
export function sayTests(shell: Shell, { passed, failed, results, skipped }: TestReport): void {
  for (const { name, message = '' } of results.filter((result) => !result.passed)) {
    say(shell, `${paint(shell, 'bad', 'failed:')} ${plain(name)}: ${plain(message)}`)
  }
  const more = skipped.length > 0 ? `, ${skipped.length} skipped (their servers have not listed their tools)` : ''
  const tone = failed > 0 ? 'bad' : 'good'
  say(shell, paint(shell, tone, `tests: ${amount(passed)} passed, ${amount(failed)} failed${more}`))
}

/** Names that stand for nothing, in parts that were accepted before. */
export function sayWarnings(
  shell: Shell,
  warnings: readonly { readonly [key: string]: unknown; readonly path?: unknown; readonly message?: unknown }[],
): void {
  for (const { path, message, pending } of warnings) {
    if (pending !== true)
      say(shell, `${paint(shell, 'warn', 'warning:')} ${plain(`${String(path)}: ${String(message)}`)}`)
  }
}

const SEVERITIES: Readonly<Record<Finding['severity'], Tone>> = { error: 'bad', warning: 'warn', info: 'dim' }

/** What lint found, one a line. */
export function sayFindings(shell: Shell, findings: readonly Finding[]): void {
  for (const { severity, code, message, fix } of findings) {
    say(shell, `${paint(shell, SEVERITIES[severity], `${severity}:`)} ${code}: ${plain(message)} ${plain(fix)}`)
  }
}

const MOST_CALLS = 20

function sayReplay(shell: Shell, replay: NonNullable<PolicyPlan['replay']>): void {
  const { total, changed, widened, indeterminate, changes, isCut } = replay
  say(shell, '')
  const more = [
    ...(widened > 0 ? [`${amount(widened)} of them would be allowed more`] : []),
    ...(indeterminate > 0 ? [`${amount(indeterminate)} cannot be told from what was recorded`] : []),
  ]
  const words = `${amount(changed)} of ${amount(total)} calls would change${more.map((part) => `; ${part}`).join('')}`
  say(shell, paint(shell, widened > 0 ? 'bad' : changed > 0 ? 'warn' : 'good', words))
  if (isCut) say(shell, 'There are older calls of this time; they were not looked at.')
  if (changes.length === 0) return
  sayTable(
    shell,
    ['WHEN', 'AGENT', 'TOOL', 'BEFORE', 'AFTER', 'WHY'],
    changes
      .slice(0, MOST_CALLS)
      .map(({ at, agent, tool, before, after, widening }) => [
        toTime(at),
        agent,
        tool,
        before.kind,
        { text: after.kind, tone: widening ? 'bad' : 'warn' },
        after.because,
      ]),
  )
  if (changed > MOST_CALLS)
    say(shell, `… and ${amount(changed - Math.min(MOST_CALLS, changes.length))} more; --json lists more of them`)
}

const counted = (count: number, noun: string): string => `${amount(count)} ${noun}${count === 1 ? '' : 's'}`

/** A number as people read it: `4,031`. */
export const amount = (value: number): string => value.toLocaleString('en-US')
