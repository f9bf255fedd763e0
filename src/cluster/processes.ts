import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { type Doorman, doorman } from './doorman.ts'
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
  const state = { stopping: false, code: 0 }
  const door = doorman()
  const { owner, workers } = keptOf(options, directory)
  let finish: (code: number) => void = () => undefined
  const ended = new Promise<number>((resolve) => (finish = resolve))

  const start = (kept: Kept): void => {
    if (state.stopping) return
    const child = spawn(options, kept)
    kept.child = child
    running.add(child)
    child.on('message', (message) => {
      if (!isJsonObject(message)) return
      if (message['ready'] === true) Object.assign(kept, { wasReady: true, failures: 0 })
      if (message['ready'] === true && kept.role.role === 'worker') door.add(child)
      serveDoor(door, child, message)
    })
    child.on('exit', (code, signal) => {
      running.delete(child)
      door.remove(child)
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
    door.close()
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

function keptOf({ workers }: ProcessesOptions, directory: string) {
  const common = { directory, workers, again: false }
  return {
    owner: newKept('the owner', { ...common, role: 'owner', worker: 0 }),
    workers: Array.from({ length: workers }, (_, index) =>
      newKept(`worker ${index + 1}`, { ...common, role: 'worker', worker: index + 1 }),
    ),
  }
}

const newKept = (name: string, role: Role): Kept => ({ name, role, child: undefined, failures: 0, wasReady: false })

function spawn({ entry, argv, env }: ProcessesOptions, { role, wasReady }: Kept): ChildProcess {
  const { [ROLE]: _none, ...rest } = env
  return fork(entry, [...argv], { env: { ...rest, ...roleVariables({ ...role, again: wasReady }) }, stdio: 'inherit' })
}

/** What processes ask of the port: the owner to open it, workers to be rid of what they have. */
function serveDoor(door: Doorman, child: ChildProcess, { taken, listen }: JsonObject): void {
  if (typeof taken === 'number') door.taken(child, taken)
  if (!isJsonObject(listen)) return
  const { host, port } = listen
  const tell = (answer: object): void => void (child.connected && child.send({ listening: answer }))
  door.open(typeof host === 'string' ? host : '127.0.0.1', Number(port)).then(
    (bound) => tell({ port: bound }),
    (error: NodeJS.ErrnoException) => tell({ code: error.code ?? 'unknown reason' }),
  )
}

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
