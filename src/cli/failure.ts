import { CommanderError } from 'commander'
import { type GatewayError, toGatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json } from '../kernel/json.ts'
import { PROBLEMS } from '../kernel/problem.ts'
import { paint, plain, sayJson } from './print.ts'
import type { Shell } from './shell.ts'

/** 0 ok, 1 failed, 2 wrong usage, 3 a plan has what it was told to fail on, 4 denied by policy. */
export type ExitCode = 0 | 1 | 2 | 3 | 4

/** Says what went wrong on stderr, as JSON on stdout too when that was asked for, and with which code to exit. */
export function report(shell: Shell, error: unknown, json: boolean): ExitCode {
  if (error instanceof CommanderError) return reportUsage(shell, error, json)
  const failure = toGatewayError(error)
  shell.stderr(`${paint(shell, 'bad', 'error:')} ${plain(failure.message)}\n`)
  for (const line of details(failure)) shell.stderr(`  ${plain(line)}\n`)
  if (failure.code === 'internal') shell.stderr(`  ${plain(causeOf(failure))}\n`)
  if (json)
    sayJson(shell, {
      error: { code: failure.code, title: PROBLEMS[failure.code].title, detail: failure.message, ...dataOf(failure) },
    })
  return exitCodeOf(failure)
}

/** Commander has written its words already; help and version are no failure. */
function reportUsage(shell: Shell, error: CommanderError, json: boolean): ExitCode {
  if (error.exitCode === 0) return 0
  if (json) {
    const detail = error.message.replace(/^error: /, '')
    sayJson(shell, { error: { code: 'usage', title: PROBLEMS.usage.title, detail } })
  }
  return 2
}

function exitCodeOf({ code }: GatewayError): ExitCode {
  if (code === 'usage') return 2
  return code === 'denied' || code === 'approval_required' ? 4 : 1
}

/** Several problems at once (a configuration, a policy) are told one a line. */
function details({ data, message }: GatewayError): readonly string[] {
  const problems = data['problems']
  return Array.isArray(problems) ? problems.map(toLine).filter((line) => !message.includes(line)) : []
}

function toLine(problem: Json): string {
  if (!isJsonObject(problem)) return typeof problem === 'string' ? problem : JSON.stringify(problem)
  const { at, path, message, detail, line, column } = problem
  const place = path !== undefined && typeof line === 'number' ? `${line}:${Number(column)}` : undefined
  return [place, at ?? path, message ?? detail]
    .filter((part) => typeof part === 'string')
    .filter(Boolean)
    .join(': ')
}

const dataOf = ({ data }: GatewayError): object => (Object.keys(data).length === 0 ? {} : { data })

/** A command runs on the operator's own machine: what a log would be told is told here. */
function causeOf({ cause }: GatewayError): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
}
