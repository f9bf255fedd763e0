import { GatewayError } from '../kernel/errors.ts'
import type { Connected, Connector, ConnectorEvents } from './connector.ts'
import type { ProviderConnection } from './provider-connection.ts'
import { toCredential } from './provider-credential.ts'
import { actionOf, runAction, toSettings } from './provider-run.ts'
import { toSourceTools } from './provider-tools.ts'
import { vendorFor } from './provider-vendor.ts'

/**
 * Runs a provider's actions over egress. `connect` checks credential, settings and address and asks the vendor who we
 * are (`whoami`), so that a dead credential is found before a call needs it; it rejects with `config_invalid`,
 * `connection_unusable` or an `upstream_*` error. A 401 later marks the connection lost.
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
  const { connection, provider } = options
  const settings = toSettings(provider, options.settings)
  const credential = toCredential(provider, options.method, options.fields)
  const vendor = vendorFor(
    { ...options, credential },
    once((error) => events.onLost(error)),
  )
  const running = new Set<AbortController>()
  let isClosed = false
  return {
    identity: `${provider.id} ${vendor.origin}`,
    tools: toSourceTools(provider),
    features: [],
    capabilities: { tools: {} },
    probe: (signal) => vendor.probe(signal),
    close,
    source: {
      connection,
      close,
      callTool: async (name, input, { signal }) => {
        if (isClosed) throw new GatewayError('connection_unusable', `The connection ${connection} is closed.`)
        const action = actionOf(provider, name)
        return await whileOpen(running, signal, (until) => runAction(action, input, settings, vendor, until))
      },
    },
  }
  async function close(): Promise<void> {
    isClosed = true
    for (const controller of running) controller.abort()
  }
}

/** Runs with a signal that fires when the caller gives up or the connection is closed. */
async function whileOpen<T>(
  running: Set<AbortController>,
  caller: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (caller.aborted) abort()
  caller.addEventListener('abort', abort, { once: true })
  running.add(controller)
  try {
    return await work(controller.signal)
  } finally {
    running.delete(controller)
    caller.removeEventListener('abort', abort)
  }
}

function once<T>(listener: (value: T) => void): (value: T) => void {
  let isDone = false
  return (value) => {
    if (!isDone) listener(value)
    isDone = true
  }
}
