import { type ChildProcess, fork } from 'node:child_process'
import cluster, { type Worker } from 'node:cluster'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isJsonObject } from '../kernel/json.ts'
import { ROLE, type Role, roleVariables } from './parent.ts'

/** Between the end of a process and its successor, milliseconds; doubled each time that one ends before it was of use. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
/** Workers stop first, so that what they hand on finishes; then the owner. Milliseconds. */
const WORKERS_STOP_MS = 9_500
const OWNER_STOPS_MS = 11_000

export interface ProcessesOptions {
  /** The program, and what it is started with. */
  readonly entry: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly workers: number
  tell(text: string): void
}

/** The processes of one gateway. */
export interface Processes {
  /** The exit code for all of them, once they have ended. */
  readonly ended: Promise<number>
  /** Lets running calls finish, in all processes. */
  stop(): void
  reload(): void
}

interface Kept {
  readonly name: string
  readonly role: Role
  child: ChildProcess | undefined
  /** Ended so often in a row before it was of use. */
  failures: number
  wasReady: boolean
}

/** Starts owner and workers, and starts again whoever ends. When the first owner cannot start, all ends with its exit code. */
export async function processes(options: ProcessesOptions): Promise<Processes> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-'))
  const running = new Set<ChildProcess>()
  const state = { stopping: false, code: 0, port: undefined as number | undefined }
  cluster.setupPrimary({ exec: options.entry, args: [...options.argv] })
  const owner = newKept('the owner', { role: 'owner', directory, workers: options.workers, worker: 0, again: false })
  const workers = Array.from({ length: options.workers }, (_, index) =>
    newKept(`worker ${index + 1}`, {
      role: 'worker',
      directory,
      workers: options.workers,
      worker: index + 1,
      again: false,
    }),
  )
  let finish: (code: number) => void = () => undefined
  const ended = new Promise<number>((resolve) => (finish = resolve))

  const start = (kept: Kept): void => {
    if (state.stopping) return
    const child = spawn(options, kept, state.port)
    kept.child = child
    running.add(child)
    child.on('message', (message) => {
      if (!isJsonObject(message)) return
      if (message['ready'] === true) Object.assign(kept, { wasReady: true, failures: 0 })
      if (typeof message['port'] === 'number') state.port = message['port']
    })
    child.on('exit', (code, signal) => {
      running.delete(child)
      if (!state.stopping) again(kept, code, signal)
    })
  }
  const again = (kept: Kept, code: number | null, signal: string | null): void => {
    if (!kept.wasReady && kept.role.role === 'owner') return stop(code ?? 1)
    if (!kept.wasReady && kept.failures >= 5) return stop(code ?? 1)
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** kept.failures, LONGEST_PAUSE_MS)
    kept.failures += 1
    options.tell(`${kept.name} has ended (${signal ?? `code ${code}`}) and is started again\n`)
    setTimeout(() => start(kept), pause)
  }
  const stop = (code: number): void => {
    if (state.stopping) return
    Object.assign(state, { stopping: true, code })
    const all = async (): Promise<void> => {
      await endAll(workers, running, WORKERS_STOP_MS)
      await endAll([owner], running, OWNER_STOPS_MS)
      await rm(directory, { recursive: true, force: true })
      finish(state.code)
    }
    void all()
  }
  for (const kept of [owner, ...workers]) start(kept)
  return {
    ended,
    stop: () => stop(0),
    reload: () => void owner.child?.send({ reload: true }),
  }
}

const newKept = (name: string, role: Role): Kept => ({ name, role, child: undefined, failures: 0, wasReady: false })

function spawn(
  { entry, argv, env }: ProcessesOptions,
  { role, wasReady }: Kept,
  port: number | undefined,
): ChildProcess {
  const variables = roleVariables({ ...role, again: wasReady, ...(port !== undefined && { port }) })
  if (role.role === 'worker') return processOf(cluster.fork(variables))
  const { [ROLE]: _none, ...rest } = env
  return fork(entry, [...argv], { env: { ...rest, ...variables }, stdio: 'inherit' })
}

const processOf = (worker: Worker): ChildProcess => worker.process

/** Asks processes to end, and ends those that do not in time. */
async function endAll(kept: readonly Kept[], running: ReadonlySet<ChildProcess>, withinMs: number): Promise<void> {
  const children = kept.flatMap(({ child }) => (child && running.has(child) ? [child] : []))
  const late = setTimeout(() => {
    for (const child of children) child.kill('SIGKILL')
  }, withinMs)
  await Promise.all(
    children.map((child) => {
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      if (child.connected) child.send({ stop: true })
      else child.kill('SIGKILL')
      return exited
    }),
  )
  clearTimeout(late)
}
