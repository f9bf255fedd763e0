import type { Ending } from '../kernel/ending.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Connected, Connector, ConnectorEvents } from './connector.ts'
import type { Subject } from '../kernel/credential.ts'
import type { Principal } from '../kernel/principal.ts'
import { type Roster, roster } from '../kernel/roster.ts'
import type { Provider } from '../provider-kit/index.ts'
import { methodOf } from '../provider-kit/method-of.ts'
import { originOf } from './provider-address.ts'
import type { ProviderConnection } from './provider-connection.ts'
import { actionOf, runAction, toSettings } from './provider-run.ts'
import { toSourceTools } from './provider-tools.ts'
import { traceHeaders } from './provider-trace.ts'
import { type Caller, vendorFor, type Vendor } from './provider-vendor.ts'
import { whoami } from './provider-whoami.ts'

/**
 * Runs a provider's actions over egress, each call with a lease of its subject's credential. `connect` checks settings and
 * address and, where everybody shares one credential, asks the vendor who we are (`whoami`), so that a dead one is found
 * before a call needs it; it rejects with `config_invalid`, `invalid_credential`, `connection_unusable` or an `upstream_*`
 * error. A shared credential that is refused later marks the connection lost; a person's own ends calls of that person only.
 */
export function providerConnector(options: ProviderConnection): Connector {
  const { connection, provider } = options
  return {
    connection,
    provider: provider.id,
    connect: async (events, signal) => {
      const connected = open(options, events)
      await connected.probe(signal)
      return connected
    },
  }
}

function open(options: ProviderConnection, events: ConnectorEvents): Connected {
  const { connection, provider, ownership } = options
  const place = { ...options, parsed: toSettings(provider, options.settings) }
  const { origin } = originOf(place, methodOf(provider, options.method))
  const onDead = ownership === 'shared' ? once<GatewayError>((error) => events.onLost(error)) : () => undefined
  const vendorOf = (subject: Subject, headers: Caller['headers'] = {}): Vendor =>
    vendorFor(place, options.credentials(subject), onDead, {
      headers,
      ...(subject !== 'shared' && { account: subject.user }),
    })
  const running = roster<AbortController>()
  let isClosed = false
  let account: string | undefined
  return {
    identity: `${provider.id} ${origin}`,
    tools: toSourceTools(provider),
    features: [],
    capabilities: { tools: {} },
    account: () => account,
    probe: async (signal) => {
      if (ownership === 'shared') account = (await whoAnswers(provider, vendorOf('shared'), signal)) ?? account
    },
    close,
    source: {
      connection,
      close,
      callTool: async (name, input, { principal, ending, meta }) => {
        if (isClosed) throw new GatewayError('connection_unusable', `The connection ${connection} is closed.`)
        const action = actionOf(provider, name)
        const vendor = vendorOf(subjectOf(options, principal), traceHeaders(meta))
        return await whileOpen(running, ending, (until) => runAction(action, input, place.parsed, vendor, until))
      },
    },
  }
  async function close(): Promise<void> {
    isClosed = true
    for (const controller of running.all()) controller.abort()
  }
}

/** A service that is only busy is there: its connection is well. */
const BUSY: ReadonlySet<string> = new Set(['rate_limit_exceeded', 'overloaded'])

async function whoAnswers(provider: Provider, vendor: Vendor, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await whoami(provider, vendor, signal)
  } catch (error) {
    if (error instanceof GatewayError && BUSY.has(error.code)) return undefined
    throw error
  }
}

function subjectOf({ connection, provider, ownership }: ProviderConnection, { user }: Principal): Subject {
  if (ownership === 'shared') return 'shared'
  if (user !== undefined) return { user }
  throw new GatewayError(
    'connect_required',
    `Everybody uses ${provider.title} with an account of their own, and this agent acts for nobody. ` +
      `Call with a credential that names a person, or ask an admin to make the connection ${connection} shared.`,
    { data: { connection, reason: 'no_user' } },
  )
}

/** Runs with a signal that fires when the caller gives up or the connection is closed. */
async function whileOpen<T>(
  running: Roster<AbortController>,
  caller: Ending,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (caller.isOver()) abort()
  const letGo = caller.whenOver(abort)
  const number = running.enter(controller)
  try {
    return await work(controller.signal)
  } catch (error) {
    throw controller.signal.aborted && !caller.isOver() ? endedMeanwhile(error) : error
  } finally {
    running.leave(number)
    letGo()
  }
}

/** It was not the caller who gave up. */
const endedMeanwhile = (cause: unknown): GatewayError =>
  new GatewayError(
    'connection_unusable',
    'The connection was ended while the call ran: it may or may not have been made. conn:gatehouse:status says why, and what to do.',
    { cause },
  )

function once<T>(listener: (value: T) => void): (value: T) => void {
  let isDone = false
  return (value) => {
    if (!isDone) listener(value)
    isDone = true
  }
}
