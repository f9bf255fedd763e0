import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchAudit, type AuditFigures } from './audit.ts'
import { benchLists, type ListStageFigures } from './list-stage.ts'
import { benchPolicy, type PolicyFigures } from './policy.ts'
import type { Running } from './processes.ts'
import { benchStage, type StageFigures } from './stage.ts'
import { benchStartup, type StartupFigures } from './startup.ts'

/** What can be measured by itself. */
export const PARTS = ['policy', 'audit', 'startup', 'calls', 'lists'] as const
export type Part = (typeof PARTS)[number]
export const isPart = (text: string): text is Part => PARTS.some((part) => part === text)

export interface BenchOptions {
  /** Folder of the compiled product. */
  readonly dist: string
  readonly parts: readonly Part[]
  readonly way: string | undefined
  readonly rounds: number
  /** How long one way is loaded in one round. */
  readonly seconds: number
  readonly listSeconds: number
  /** How long each way is loaded before its rounds, uncounted: V8 compiles then. */
  readonly warmUpSeconds: number
  /** How often each way to start is measured. */
  readonly starts: number
  readonly full: boolean
  readonly peers: boolean
  readonly gatewayArgs: readonly string[]
  readonly say: (text: string) => void
}

/** Of the parts that were measured. */
export interface Figures extends Partial<Pick<StageFigures, 'calls'> & Pick<ListStageFigures, 'lists'>> {
  readonly policy?: PolicyFigures
  readonly audit?: AuditFigures
  readonly startup?: StartupFigures
  readonly memory: Partial<StageFigures['memory'] & ListStageFigures['memory']>
  readonly absent: readonly string[]
}

interface Bench extends BenchOptions {
  readonly folder: string
  readonly keep: (starting: Promise<Running>) => Promise<Running>
}

type Run = (bench: Bench) => Promise<Partial<Figures>>

/** Measures one part after the other, each beside nothing else, and leaves nothing behind. */
export async function runBench(options: BenchOptions): Promise<Figures> {
  let figures: Figures = { memory: {}, absent: [] }
  for (const part of PARTS.filter((one) => options.parts.includes(one))) {
    const { memory = {}, absent = [], ...rest } = await measured(options, RUNS[part])
    figures = { ...figures, ...rest, memory: { ...figures.memory, ...memory }, absent: [...figures.absent, ...absent] }
  }
  return figures
}

/** In a folder of its own; every process that it keeps is ended afterwards. */
async function measured(options: BenchOptions, run: Run): Promise<Partial<Figures>> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const running: Running[] = []
  const keep = async (starting: Promise<Running>): Promise<Running> => {
    const started = await starting
    running.push(started)
    return started
  }
  try {
    return await run({ ...options, folder, keep })
  } finally {
    await Promise.all(running.toReversed().map((one) => one.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

const RUNS: Readonly<Record<Part, Run>> = {
  async policy({ say }) {
    say('policy by itself')
    return { policy: await benchPolicy() }
  },
  async audit({ say }) {
    say('audit by itself')
    return { audit: await benchAudit() }
  },
  startup: async (bench) => ({ startup: await benchStartup({ ...bench, times: bench.starts }) }),
  calls: benchStage,
  lists: (bench) => benchLists({ ...bench, seconds: bench.listSeconds }),
}
