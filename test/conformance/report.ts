import type { JobResult, Part } from './jobs.ts'
import { REVISIONS, type Scenario } from './suite.ts'

interface Finding {
  readonly scenario: string
  readonly over: string
  readonly reason: string
}

/** A revision's required scenarios; one has passed when it passed in every run of the part. */
interface Tally {
  readonly required: number
  readonly passed: number
  readonly over: Readonly<Record<string, number>>
  readonly failures: readonly Finding[]
  /** What the suite calls a SHOULD, of scenarios that passed. */
  readonly warnings: readonly Finding[]
}

/** The one document of `--json`; a part that was not run is left out. */
export function toDocument(results: readonly JobResult[]): Record<string, object> {
  const byRevision = (part: Part): object =>
    Object.fromEntries(
      REVISIONS.map(
        (revision) => [revision, of(results, part).filter((result) => result.revision === revision)] as const,
      )
        .filter(([, runs]) => runs.length > 0)
        .map(([revision, runs]) => [revision, toTally(runs)]),
    )
  const crossEra = of(results, 'crossEra').map((result) => {
    const { required, passed, failures, warnings } = toTally([result])
    const { revision, surprises = ['it did not run'] } = result
    return [
      result.over,
      { revision, required, passed, asExpected: surprises.length === 0, surprises, failures, warnings },
    ] as const
  })
  return {
    ...(of(results, 'server').length > 0 && { server: byRevision('server') }),
    ...(of(results, 'client').length > 0 && { client: byRevision('client') }),
    ...(crossEra.length > 0 && { crossEra: Object.fromEntries(crossEra) }),
  }
}

/** Whether anything was found, every required scenario passed and every cross-era run went as its expected-failures file says. */
export const hasPassed = (results: readonly JobResult[]): boolean =>
  results.some(({ scenarios }) => scenarios.length > 0) &&
  results.every(({ part, scenarios, surprises }) =>
    part === 'crossEra' ? surprises?.length === 0 : scenarios.every(({ required, passed }) => !required || passed),
  )

/** A table of every scenario of every run, for people. */
export function toTable(results: readonly JobResult[]): string {
  const width = Math.max(...results.flatMap(({ scenarios }) => scenarios.map(({ scenario }) => scenario.length)))
  const sections = new Map<string, string[]>()
  for (const { part, revision, over, scenarios, surprises = [] } of results) {
    if (scenarios.length === 0) continue
    const title = part === 'client' ? `client ${revision}` : `${part} ${revision} ${over}`
    const lines = sections.get(title) ?? []
    lines.push(
      ...scenarios.map((scenario) => `  ${toLine(scenario, width)}`.trimEnd()),
      ...surprises.map((surprise) => `  not as expected: ${surprise}`),
    )
    sections.set(title, lines)
  }
  if (sections.size === 0) return 'No scenario was run: the suite knows none of that name for these revisions.'
  return [...sections].map(([title, lines]) => [title, ...lines].join('\n')).join('\n\n')
}

function toLine({ scenario, required, passed, skipped, note = '' }: Scenario, width: number): string {
  const outcome = passed ? 'pass' : skipped === true ? 'skip' : 'FAIL'
  return `${outcome}  ${required ? 'required' : '        '}  ${scenario.padEnd(width)}  ${note}`
}

const of = (results: readonly JobResult[], part: Part): readonly JobResult[] =>
  results.filter((result) => result.part === part)

function toTally(runs: readonly JobResult[]): Tally {
  const passedIn = new Map<string, boolean>()
  for (const { scenarios } of runs) {
    for (const { scenario, required, passed } of scenarios) {
      if (required) passedIn.set(scenario, passed && (passedIn.get(scenario) ?? true))
    }
  }
  const findings = (wanted: boolean): readonly Finding[] =>
    runs.flatMap(({ over, scenarios }) =>
      scenarios
        .filter(({ required, passed, note }) => required && passed === wanted && (!passed || note !== undefined))
        .map(({ scenario, note = '' }) => ({ scenario, over, reason: note })),
    )
  const counts = runs.map(
    ({ over, scenarios }) => [over, scenarios.filter((s) => s.required && s.passed).length] as const,
  )
  return {
    required: passedIn.size,
    passed: [...passedIn.values()].filter(Boolean).length,
    over: Object.fromEntries(counts),
    failures: findings(false),
    warnings: findings(true),
  }
}
