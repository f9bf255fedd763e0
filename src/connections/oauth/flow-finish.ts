import { ownsFlow, type FlowReturn, type FlowView } from '../../kernel/connect-flow.ts'
import { GatewayError, toGatewayError } from '../../kernel/errors.ts'
import type { Versioned } from '../../store/store.ts'
import { bindingOf, fingerprintOf, type FlowBookDeps, type Granted } from './flow-deps.ts'
import { flowCollection, toView, type Departure, type FlowRow } from './flow-row.ts'
import { change, checkOpen, unknownState } from './flow-rows.ts'
import { fromState, isFlowSecret, matches } from './flow-secrets.ts'

/** Exchange, captures and whoami together. */
const EXCHANGE_TIMEOUT_MS = 60_000

/** Takes the answer of a service in, once. Rejects when it is not this browser's or person's; else tells how it ended. */
export async function finish(deps: FlowBookDeps, back: FlowReturn): Promise<FlowView> {
  const states = back.params.getAll('state')
  const state = states.length === 1 && states[0] !== undefined ? fromState(states[0]) : undefined
  const found = state && (await deps.store.get(flowCollection, state.flow))
  const departure = found?.value.departure
  if (!state || !found || !departure || !matches(state.secret, departure.stateHash)) throw unknownState()
  checkOpen(found, deps.clock())
  checkBrowser(back, found.value, departure)
  // Used from here on, whatever comes: whoever is second finds another version.
  const { departure: _used, ...rest } = found.value
  const taken = await change(deps.store, found, { ...rest, status: 'exchanging' })
  const end = async (outcome: Partial<FlowRow>): Promise<FlowView> => {
    const ended = await change(deps.store, taken, { ...taken.value, ...outcome })
    return toView(ended.id, ended.value, deps.clock())
  }
  try {
    const account = await grant(deps, taken, departure, back)
    return await end({ status: 'done', ...(account === undefined ? {} : { account }) })
  } catch (error) {
    const { code, message } = toGatewayError(error)
    const failed = await end({ status: 'failed', error: { code, message } })
    // A mistake of ours: the edge has a log.
    if (!(error instanceof GatewayError)) throw error
    return failed
  }
}

/** From the code to a stored credential; gives whose account it is. */
async function grant(
  deps: FlowBookDeps,
  { id, value }: Versioned<FlowRow>,
  departure: Departure,
  { params }: FlowReturn,
): Promise<string | undefined> {
  const { method, target } = await deps.definitionOf(value.connection, value.subject)
  if (fingerprintOf(target) !== departure.target) {
    const words = `${value.connection} was changed while you were away, so the answer was not used. Connect again.`
    throw new GatewayError('invalid_state', words)
  }
  const signal = AbortSignal.timeout(EXCHANGE_TIMEOUT_MS)
  const { verifier } = departure
  const tokens = await deps.engine.exchange(
    target,
    {
      params,
      state: params.get('state') ?? '',
      redirectUri: value.redirectUri,
      codeVerifier: verifier && deps.vault.open(verifier, bindingOf(deps, id, value)),
      scopes: value.scopes,
    },
    signal,
  )
  const { connection, subject, principalId } = value
  const granted: Granted = { flow: id, connection, subject, principalId, method, tokens }
  const account = await deps.accountOf?.(granted, signal)
  await deps.onGranted(account === undefined ? granted : { ...granted, account })
  return account
}

function checkBrowser({ browserToken, visitor, redirectUri }: FlowReturn, row: FlowRow, departure: Departure): void {
  if (!isFlowSecret(browserToken) || !matches(browserToken, departure.browserHash)) {
    throw new GatewayError(
      'invalid_state',
      'The sign-in was not begun in this browser, so its answer was not used. Start it again, and stay in one browser.',
    )
  }
  const isOther =
    typeof visitor === 'object' && departure.visitor !== undefined && visitor.principalId !== departure.visitor
  if (isOther || (visitor !== undefined && !ownsFlow(visitor, row))) {
    throw new GatewayError('forbidden', 'The sign-in was begun by somebody else. Start it again as yourself.')
  }
  if (redirectUri !== row.redirectUri) {
    throw new GatewayError(
      'redirect_mismatch',
      `The answer came to ${redirectUri}, and it was asked for at ${row.redirectUri}. Register one address at the service, set server.publicUrl to it, and connect again.`,
    )
  }
}
