import { Secret } from '../../src/kernel/secret.ts'
import type { Action, AuthMethod, Provider, WireReply, WireRequest } from '../../src/provider-kit/index.ts'
import { toCredential } from '../../src/sources/provider-credential.ts'
import { toReadyRequest } from '../../src/sources/provider-request.ts'
import { connectionTo } from '../helpers/acme.ts'
import type { Example } from './vendor-examples.ts'

/** A request as it would leave the house, in the words of the contract checker. */
export interface CapturedRequest {
  readonly provider: string
  readonly action: string
  readonly method: string
  readonly url: string
  /** What stands in the address behind the base URL. */
  readonly below: string
  readonly headers: Readonly<Record<string, string>>
  readonly contentType: string | undefined
  readonly body: string | undefined
}

/** The settings that a method's address is made of. */
const SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = { jira: { site: 'acme' } }
const { baseUrl: _unused, ...CONNECTION } = connectionTo('https://unused.example')

/** The request of an example and its follow-ups, built by the code that builds them in production, signed in this way. */
export async function capture(
  provider: Provider,
  example: Example,
  way: AuthMethod,
): Promise<readonly CapturedRequest[]> {
  const action = provider.actions[example.action]
  if (!action) throw new Error(`${provider.id} has no action ${example.action}`)
  const input = action.input.parse(example.input)
  const reply: WireReply = { status: 200, headers: {}, body: example.reply }
  const wires = [await action.request(input, {}), ...(action.followUps?.(reply, input) ?? [])]
  return await Promise.all(wires.map((wire) => leaving(provider, example.action, action, wire, way)))
}

/** The `whoami` question of a manifest, captured alike, once for each way to sign in. */
export const captureWhoami = async (provider: Provider): Promise<readonly CapturedRequest[]> =>
  await Promise.all(
    provider.auth.flatMap((way) =>
      provider.whoami ? [leaving(provider, 'whoami', { effect: 'read' }, provider.whoami.request, way)] : [],
    ),
  )

async function leaving(
  provider: Provider,
  name: string,
  action: Pick<Action, 'effect'>,
  wire: WireRequest,
  way: AuthMethod,
): Promise<CapturedRequest> {
  const credential = toCredential(
    { ...CONNECTION, provider, method: way.id, parsed: SETTINGS[provider.id] ?? {} },
    leaseOf(way),
  )
  const bare = toReadyRequest(wire, action.effect, credential.base, provider.headers ?? {})
  const { url, method, headers, body } = await credential.apply(bare)
  return {
    provider: provider.id,
    action: name,
    method,
    url: url.href,
    below: url.pathname.slice(credential.base.pathname.replace(/\/$/, '').length),
    headers,
    contentType: headers['content-type'],
    body,
  }
}

/** A credential of this kind, with every value that the vendor could have told us. */
const leaseOf = ({ id, fields, oauth }: AuthMethod) => ({
  method: id,
  fields: Object.fromEntries(
    [...fields.map(({ key }) => key), ...(oauth ? ['access_token'] : [])].map((key) => [key, new Secret(`a-${key}`)]),
  ),
  captured: Object.fromEntries(Object.keys(oauth?.capture ?? {}).map((key) => [key, `known-${key}`])),
  generation: '1',
})
