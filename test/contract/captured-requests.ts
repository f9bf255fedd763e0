import { Secret } from '../../src/kernel/secret.ts'
import type { Action, Provider, WireReply, WireRequest } from '../../src/provider-kit/index.ts'
import { piecesOf, withPieces } from '../../src/sources/provider-injection.ts'
import { methodOf } from '../../src/provider-kit/method-of.ts'
import { toReadyRequest } from '../../src/sources/provider-request.ts'
import type { Example } from './vendor-examples.ts'

/** A request as it would leave the house, in the words of the contract checker. */
export interface CapturedRequest {
  readonly provider: string
  readonly action: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | undefined
  readonly body: string | undefined
}

/** The request of an example and its follow-ups, built by the code that builds them in production. */
export async function capture(provider: Provider, example: Example): Promise<readonly CapturedRequest[]> {
  const action = provider.actions[example.action]
  if (!action) throw new Error(`${provider.id} has no action ${example.action}`)
  const input = action.input.parse(example.input)
  const reply: WireReply = { status: 200, headers: {}, body: example.reply }
  const wires = [await action.request(input, {}), ...(action.followUps?.(reply, input) ?? [])]
  return wires.map((wire) => leaving(provider, example.action, action, wire))
}

/** The `whoami` question of a manifest, captured alike. */
export const captureWhoami = (provider: Provider): readonly CapturedRequest[] =>
  provider.whoami ? [leaving(provider, 'whoami', { effect: 'read' }, provider.whoami.request)] : []

function leaving(provider: Provider, name: string, action: Pick<Action, 'effect'>, wire: WireRequest): CapturedRequest {
  const fields = { token: new Secret('a-token-for-tests') }
  const pieces = piecesOf(methodOf(provider, 'token'), { method: 'token', fields, captured: {}, generation: '1' })
  const base = new URL(provider.baseUrl ?? 'https://missing.invalid')
  const bare = toReadyRequest(wire, action.effect, base, provider.headers ?? {})
  const { url, method, headers, body } = withPieces(bare, pieces)
  return {
    provider: provider.id,
    action: name,
    method,
    url: url.href,
    headers,
    contentType: headers['content-type'],
    body,
  }
}
