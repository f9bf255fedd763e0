import { aliasBook, type AliasBook } from '../admin/alias-book.ts'
import { freezeBook, type FreezeBook } from '../admin/freeze-book.ts'
import { overrideBook, type OverrideBook } from '../admin/override-book.ts'
import { type PinBook, pinBook } from '../admin/pin-book.ts'
import { policyBook, type PolicyBook } from '../admin/policy-book.ts'
import type { PolicyControl } from '../admin/policy-control.ts'
import type { HouseMode } from '../cli/house.ts'
import type { Config } from '../config/schema.ts'
import type { GatewayDeps, Log } from '../gateway/gateway.ts'
import { freezeSwitch } from '../gateway/freeze.ts'
import { ledger } from '../gateway/ledger.ts'
import { listings } from '../gateway/listing.ts'
import { schemaValidator } from '../gateway/validator.ts'
import { aliasLearner, type AliasLearner } from '../gateway/meta/alias-learner.ts'
import { searchBook, type SearchBook } from '../gateway/meta/search-book.ts'
import { searchDeps } from '../gateway/meta/search-deps.ts'
import { builtInSource } from '../gateway/meta/source.ts'
import type { AgentBook } from '../identity/agents.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import { toGatewayError } from '../kernel/errors.ts'
import type { Telemetry } from '../kernel/telemetry.ts'
import { realSchedule } from '../sources/schedule.ts'
import { storedStates } from '../sources/connection-states.ts'
import { storedDefinitions } from '../sources/stored.ts'
import { supervise, type Supervisor } from '../sources/supervisor.ts'
import { openApprovals, type OpenApprovals } from './approvals.ts'
import type { Closing } from './closing.ts'
import { configuredConcurrency } from './configured-concurrency.ts'
import { keptRuns } from './kept-runs.ts'
import { keptLimits } from './kept-limits.ts'
import type { Shelf } from './shelf.ts'
import { type SnapshotBuilder, snapshotBuilder } from './snapshot-builder.ts'
import type { World } from './world.ts'

export interface EngineParts {
  readonly config: Config
  readonly world: World
  readonly shelf: Shelf
  readonly agents: AgentBook
  readonly log: Log
  readonly clock: Clock
  readonly closing: Closing
  /** The configuration in force, managed connections included. */
  current(): Config
  readonly telemetry: Telemetry
  readonly newId: NewId
  /** A command may run on a managed policy that cannot be used, to replace it. */
  readonly mode: HouseMode
  /** Where people reach our pages, without a slash at the end. */
  origin(): string
}

/** What turns connections and policy into governed calls. */
export interface Engine {
  readonly supervisor: Supervisor
  readonly snapshots: SnapshotBuilder
  readonly pins: PinBook
  readonly overrides: OverrideBook
  readonly aliases: AliasBook
  readonly freezes: FreezeBook
  readonly index: SearchBook
  readonly gateway: GatewayDeps
  readonly approvals: OpenApprovals
  readonly policy: PolicyControl
}

/** Starts supervisor, snapshots and gateway; every change of tools or agents makes a new snapshot. */
export async function startEngine(parts: EngineParts): Promise<Engine> {
  const { config, world, agents, log, clock, closing, mode } = parts
  const { store } = world
  const supervisor = startSupervisor(world, log, clock)
  closing.add(supervisor.close)
  const validator = schemaValidator()
  const rebuild = (): Promise<void> => snapshots.rebuild()
  const pins = await pinBook({ store, clock, catalog: () => snapshots.current().catalog, onAccepted: rebuild })
  const overrides = await overrideBook({ store, onChanged: rebuild })
  const policies = await openPolicies(parts, rebuild)
  const aliases = await aliasBook(store, config.organisation)
  const index = searchBook({ clock: () => performance.now(), pause: nextTurn }, aliases.stems)
  const learner = config.discovery.learnAliases ? learning(aliases, clock, log) : undefined
  const snapshots = snapshotBuilder(config, {
    supervisor,
    builtIn: builtInSource(
      searchDeps(() => snapshots.current(), index, learner),
      () => approvals.approvals,
    ),
    onCatalog: index.follow,
    validator,
    shelf: parts.shelf,
    agents: agents.agents,
    overrides: overrides.all,
    managed: policies.active,
    denyWhenBroken: mode === 'command',
    clock,
    pins: pins.fingerprints,
    pinNew: pins.pinNew,
    log,
  })
  const limits = await keptLimits({ store: world.limits, clock, schedule: realSchedule, log })
  closing.add(limits.close)
  const switchboard = freezeSwitch()
  const freezes = await freezeBook({ store, apply: switchboard.set })
  closing.add(freezes.close)
  const approvals = await openApprovals(parts)
  const gateway: GatewayDeps = {
    approvals: approvals.approvals,
    freezes: switchboard,
    runs: await keptRuns({ store: world.limits, clock, idleMs: config.runs.idle, log }),
    snapshot: snapshots.current,
    listings: listings({ features: () => snapshots.current().catalog.features }),
    validator,
    limits,
    concurrency: configuredConcurrency(parts.current, clock),
    telemetry: parts.telemetry,
    ledger: ledger(world.audit, (error) => log.error({}, 'the audit log cannot be written', error)),
    clock,
    learner,
    log,
  }
  closing.add(gateway.ledger.settled)
  closing.add(supervisor.onChange(() => void snapshots.rebuild()))
  closing.add(agents.onChange(() => void snapshots.rebuild()))
  const policy = toPolicyControl(policies, snapshots, approvals)
  return { supervisor, snapshots, pins, overrides, aliases, freezes, index, gateway, approvals, policy }
}

async function openPolicies(
  { world: { store }, clock, newId, log, closing }: EngineParts,
  onChanged: () => Promise<void>,
): Promise<PolicyBook> {
  const policies = await policyBook({
    store,
    clock,
    newId,
    onChanged,
    onLost: (error) => log.error({}, 'the managed policy cannot be read; the last known one stays in force', error),
  })
  closing.add(policies.close)
  return policies
}

const toPolicyControl = (
  policies: PolicyBook,
  { declared, policyProblem, compilePolicy }: SnapshotBuilder,
  { grants }: OpenApprovals,
): PolicyControl => ({
  ...policies,
  declared,
  problem: policyProblem,
  compile: compilePolicy,
  grants: grants.list,
  pause: nextTurn,
})

const learning = (aliases: AliasBook, clock: Clock, log: Log): AliasLearner =>
  aliasLearner({
    clock,
    learn: (tool, stems) =>
      void aliases.learn(tool, stems).catch((error: unknown) => {
        // What was learned is a help to search and nothing else: without it every answer stays right.
        log.warn({ tool, error: toGatewayError(error).message }, 'what search has learned cannot be kept')
      }),
  })

/** Lets everything that waits run first. */
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

const startSupervisor = ({ store, audit }: World, log: Log, clock: Clock): Supervisor =>
  supervise({
    clock,
    schedule: realSchedule,
    random: Math.random,
    definitions: storedDefinitions(store),
    states: storedStates(store),
    onTransition: ({ connection, from, to, reason, code, at }) =>
      void audit
        .append({
          type: 'connection.state_changed',
          phase: 'event',
          at,
          connection,
          detail: { from, to, reason, reasonCode: code },
        })
        .catch((error: unknown) => log.error({ connection }, 'the audit log cannot be written', error)),
    log: (level, message, facts) => log[level](facts, message),
  })
