import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { GatewayError } from '../kernel/errors.ts'
import { GROUP_MARKER, type LedgerEntry, type ProcessLedger } from './process-ledger.ts'
import { pause, settledWithin, type Schedule } from './schedule.ts'

export interface ChildCommand {
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment of the child; see `childEnv`. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface ChildDeps {
  readonly schedule: Schedule
  readonly ledger: ProcessLedger
  /** How long each step of ending waits before the next: stdin closed, SIGTERM, SIGKILL. Default 2,000 ms. */
  readonly graceMs?: number
}

/** A server's process and everything that it started: one process group. */
export interface ChildGroup {
  readonly pid: number
  readonly process: ChildProcessWithoutNullStreams
  /** How the process itself ended, once it has: `exit code 1`, `signal SIGKILL`. */
  ending(): string | undefined
  /** Ends the whole group: stdin closed, then SIGTERM, then SIGKILL, each after the grace time. Never rejects. */
  end(): Promise<void>
}

const GRACE_MS = 2_000
const POLL_MS = 25

/** What a child may know of our environment without the config saying so (the SDK's list, and locale and temporary folder). */
const INHERITED = 'HOME LOGNAME PATH SHELL TERM USER TMPDIR LANG LC_ALL LC_CTYPE TZ'.split(' ')

/** The environment of a child: the safe allow-list of ours, and what the config names. A shell function is never passed. */
export function childEnv(
  ours: Readonly<Record<string, string | undefined>>,
  configured: Readonly<Record<string, string>>,
): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = ours[name]
    return value === undefined || value.startsWith('()') ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(inherited), ...configured }
}

/**
 * Starts a command without a shell as the leader of its own process group, so that ending it also ends what it started.
 * Rejects with `connection_unusable` when it cannot be started, in words an admin can act on.
 */
export async function startChild(command: ChildCommand, deps: ChildDeps): Promise<ChildGroup> {
  const marker = randomUUID()
  const child = await started(command, marker)
  const pid = child.pid ?? 0
  remember({ pid, marker }, deps.ledger)
  let ending: string | undefined
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ending = signal === null ? `exit code ${code}` : `signal ${signal}`
      resolve()
    })
  })
  let over: Promise<void> | undefined
  return {
    pid,
    process: child,
    ending: () => ending,
    // An entry that cannot be taken out of the ledger does no harm: its marker dies with the group.
    end: () => (over ??= endGroup({ child, pid, exited }, deps).catch(() => undefined)),
  }
}

function started(command: ChildCommand, marker: string): Promise<ChildProcessWithoutNullStreams> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown): void => reject(toStartError(command, error))
    try {
      const child = spawn(command.command, [...command.args], {
        env: { ...command.env, [GROUP_MARKER]: marker },
        ...(command.cwd !== undefined && { cwd: command.cwd }),
        stdio: ['pipe', 'pipe', 'pipe'],
        shell: false,
        detached: process.platform !== 'win32',
        windowsHide: true,
      })
      child.once('error', refuse)
      child.once('spawn', () => resolve(child))
    } catch (error) {
      refuse(error)
    }
  })
}

/** A group that cannot be remembered is not run: nobody would end it after a crash. */
function remember(entry: LedgerEntry, ledger: ProcessLedger): void {
  try {
    ledger.add(entry)
  } catch (error) {
    signalGroup(entry.pid, 'SIGKILL')
    throw new GatewayError('store_unavailable', 'Cannot note a started process in the data directory.', {
      cause: error,
    })
  }
}

function toStartError({ command, cwd }: ChildCommand, error: unknown): GatewayError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  const detail =
    cwd !== undefined && !existsSync(cwd)
      ? `folder not found: ${cwd}. Correct "cwd" of the connection.`
      : code === 'ENOENT'
        ? `command not found: ${command}. Install it, or correct "command" of the connection.`
        : code === 'EACCES'
          ? `not allowed to run: ${command}. Make the file executable for the gateway's user.`
          : `cannot start ${command} (${code}).`
  return new GatewayError('connection_unusable', detail, { cause: error })
}

interface Group {
  readonly child: ChildProcessWithoutNullStreams
  readonly pid: number
  readonly exited: Promise<void>
}

async function endGroup(group: Group, deps: ChildDeps): Promise<void> {
  const { child, pid, exited } = group
  const grace = deps.graceMs ?? GRACE_MS
  child.stdin.end()
  await settledWithin(exited, grace, deps.schedule)
  if (signalGroup(pid, 'SIGTERM')) await goneWithin(pid, grace, deps.schedule)
  if (signalGroup(pid, 'SIGKILL')) await settledWithin(exited, grace, deps.schedule)
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy()
  deps.ledger.remove(pid)
}

/** Sends a signal to everyone in the group; false when nobody is left. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    return false
  }
}

/** Grandchildren give no event when they end, so their group is asked until it is empty. */
async function goneWithin(pid: number, limitMs: number, schedule: Schedule): Promise<void> {
  for (let waited = 0; waited < limitMs && signalGroup(pid, 0); waited += POLL_MS) await pause(schedule, POLL_MS)
}
