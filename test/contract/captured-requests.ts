import { Secret } from '../../src/kernel/secret.ts'
import type { Action, Provider, WireReply, WireRequest } from '../../src/provider-kit/index.ts'
import { toCredential } from '../../src/sources/provider-credential.ts'
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
  const credential = toCredential(provider, 'token', { token: new Secret('a-token-for-tests') })
  const base = new URL(provider.baseUrl ?? 'https://missing.invalid')
  const { url, method, headers, body } = toReadyRequest(wire, action.effect, base, provider.headers ?? {}, credential)
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
