import type { Job, JobResult } from './jobs.ts'
import { requiredScenarios, type SuiteRun } from './suite.ts'

/** How many systems are tested at a time. More would make the suite's own short waits fail. */
const AT_ONCE = 2

/** Runs every job, a few at a time, and tells of each as it ends. A job that breaks off has failed in all it should show. */
export async function runJobs(jobs: readonly Job[], say: (line: string) => void): Promise<readonly JobResult[]> {
  const results: JobResult[] = []
  const waiting = [...jobs]
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const started = Date.now()
      const result = await run(job)
      results[jobs.indexOf(job)] = result
      const required = result.scenarios.filter((scenario) => scenario.required)
      const passed = required.filter((scenario) => scenario.passed).length
      const seconds = ((Date.now() - started) / 1_000).toFixed(1)
      say(`${job.part} ${job.revision} ${job.over}: ${passed} of ${required.length} required in ${seconds} s`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return results
}

async function run({ run: start, ...job }: Job): Promise<JobResult> {
  try {
    const done = await start()
    return { ...job, scenarios: done.scenarios, ...(job.part === 'crossEra' && { surprises: surprisesOf(done) }) }
  } catch (error) {
    const note = error instanceof Error ? error.message : String(error)
    const names = job.part === 'client' ? [job.over] : requiredScenarios(job.revision, 'server')
    return { ...job, scenarios: names.map((scenario) => ({ scenario, required: true, passed: false, note })) }
  }
}

/** What the suite says about its expected-failures file, when that is not exactly what happened. */
function surprisesOf({ exitCode, output }: SuiteRun): readonly string[] {
  if (exitCode === 0) return []
  const list = (title: string, mark: string): readonly string[] => {
    const lines = (output.split(title)[1] ?? '').split('\n').slice(1)
    const end = lines.findIndex((line) => !line.startsWith(`  ${mark} `))
    return lines.slice(0, end === -1 ? undefined : end).map((line) => line.slice(4))
  }
  const unexpected = list('Unexpected failures (not in baseline):', '✗').map((name) => `${name} fails`)
  const stale = list('Stale baseline entries (now passing - remove from baseline):', '✓').map(
    (name) => `${name} passes although it is expected to fail`,
  )
  const all = [...unexpected, ...stale]
  return all.length > 0 ? all : [`the suite ended with code ${exitCode}`]
}
