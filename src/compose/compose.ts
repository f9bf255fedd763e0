import { randomUUID } from 'node:crypto'
import { providers } from '../../providers/index.ts'
import { pinBook } from '../admin/pin-book.ts'
import type { ComposeOptions, House } from '../cli/house.ts'
import { checkReferences } from '../config/check-references.ts'
import { declaredAgents } from '../config/declared-agents.ts'
import { processVariables, readEnvironment, type Variables } from '../config/env.ts'
import { loadConfig } from '../config/load-config.ts'
import { withOverrides } from '../config/overrides.ts'
import type { Config } from '../config/schema.ts'
import type { GatewayDeps } from '../gateway/gateway.ts'
import { ledger } from '../gateway/ledger.ts'
import { memoryLimits } from '../gateway/limits.ts'
import { listings } from '../gateway/listing.ts'
import { schemaValidator } from '../gateway/validator.ts'
import { openAgentBook } from '../identity/agents.ts'
import { newAttachToken } from '../identity/attach-token.ts'
import { openKeyBook } from '../identity/keys.ts'
import { mcpHttp } from '../mcp/streamable-http.ts'
import type { PolicyWorld } from '../policy/world.ts'
import { realSchedule } from '../sources/schedule.ts'
import { storedDefinitions, storedVerdicts } from '../sources/stored.ts'
import { supervise } from '../sources/supervisor.ts'
import { type Closing, closing } from './closing.ts'
import { configBook } from './config-book.ts'
import { declaredWorld as worldOfDeclared, toConnectionSpecs } from './connections.ts'
import { door } from './door.ts'
import { toAdminDeps, toMcpDeps } from './edges.ts'
import { toHouse } from './running-house.ts'
import { snapshotBuilder } from './snapshot-builder.ts'
import { VERSION } from './version.ts'
import { openWorld } from './world.ts'

/** Tools on one page of `tools/list`. */
const PAGE_SIZE = 1_000
const clock = Date.now
const newId = (): string => randomUUID()

/** What rules may speak of while nothing runs, for `gatehouse check`. Throws `config_invalid` for unknown providers. */
export function declaredWorld(config: Config): Promise<PolicyWorld> {
  checkReferences(config, { providers: [...providers.keys()] })
  return Promise.resolve(worldOfDeclared(config, declaredAgents(config).values()))
}

/**
 * Builds the house from its configuration; it closes in reverse order. Only this room names concrete drivers.
 * Throws GatewayError, and then nothing stays behind.
 */
export async function compose(options: ComposeOptions): Promise<House> {
  const open = closing()
  try {
    return await build(options, open)
  } catch (error) {
    await open.run()
    throw error
  }
}

async function build(options: ComposeOptions, open: Closing): Promise<House> {
  const { log, configPath: path, mode } = options
  const env = processVariables()
  const config = accepted(await loadConfig({ path, env }), options, env)
  log.setLevel(config.log.level)
  const owner = `gatehouse ${mode}`
  const world = await openWorld({ config, environment: readEnvironment(env), owner, clock, closing: open })
  const { store, audit } = world
  const book = configBook(config, { path, clock, log, audit })
  const agents = await openAgentBook({ store, declared: book.agents })
  open.add(agents.close)
  const keys = await openKeyBook({ store, clock })
  open.add(keys.close)

  const supervisor = supervise({
    clock,
    schedule: realSchedule,
    random: Math.random,
    definitions: storedDefinitions(store),
    onTransition: ({ connection, from, to, reason, at }) =>
      void audit
        .append({ type: 'connection.state_changed', phase: 'event', at, connection, detail: { from, to, reason } })
        .catch((error: unknown) => log.error({ connection }, 'the audit log cannot be written', error)),
    log: (level, message, facts) => log[level](facts, message),
  })
  open.add(supervisor.close)
  const validator = schemaValidator()
  const pins = await pinBook({
    store,
    clock,
    catalog: () => snapshots.current().catalog,
    onAccepted: () => snapshots.rebuild(),
  })
  const snapshots = snapshotBuilder(config, {
    supervisor,
    validator,
    agents: agents.agents,
    pins: pins.fingerprints,
    pinNew: pins.pinNew,
    log,
  })
  const gateway: GatewayDeps = {
    snapshot: snapshots.current,
    listings: listings({ pageSize: PAGE_SIZE, features: () => snapshots.current().catalog.features }),
    validator,
    limits: memoryLimits(clock),
    ledger: ledger(audit, (error) => log.error({}, 'the audit log cannot be written', error)),
    clock,
    log,
  }
  open.add(gateway.ledger.settled)

  const attachToken = newAttachToken()
  const mcpDeps = toMcpDeps({ gateway, snapshots, clock, newId, log })
  const mcp = mcpHttp(mcpDeps)
  const admin = toAdminDeps({ world, agents, keys, pins, book, gateway, snapshots, mcp, clock, newId })
  const front = door({ config: book.current, world, agents, keys, admin, mcp, attachToken, log, clock, newId })
  open.add(front.close)

  const specs = (): void =>
    supervisor.apply(
      toConnectionSpecs(book.current(), {
        mcp: {
          clock,
          schedule: realSchedule,
          env,
          fetch: world.egress.fetch,
          verdicts: storedVerdicts(store),
          ledger: world.processes,
          version: VERSION,
        },
        egress: world.egress,
        clock,
        version: VERSION,
      }),
    )
  open.add(supervisor.onChange(() => void snapshots.rebuild()))
  open.add(agents.onChange(() => void snapshots.rebuild()))
  const takeOver = async (next: Config): Promise<void> => {
    snapshots.accept(accepted(next, options, env))
    front.refresh()
    specs()
    await snapshots.rebuild()
  }
  open.add(await book.watch({ env, takeOver }))
  specs()
  await snapshots.rebuild()
  return toHouse({ mode, supervisor, snapshots, book, front, mcpDeps, agents, config, attachToken, closing: open })
}

function accepted(config: Config, { listen = {} }: ComposeOptions, env: Variables): Config {
  checkReferences(config, { providers: [...providers.keys()] })
  return withOverrides(config, listen, readEnvironment(env))
}
