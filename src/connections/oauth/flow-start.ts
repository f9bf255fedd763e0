import { calculatePKCECodeChallenge } from 'oauth4webapi'
import { ownsFlow, type FlowStart, type Visitor } from '../../kernel/connect-flow.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { Secret } from '../../kernel/secret.ts'
import { bindingOf, fingerprintOf, type FlowBookDeps } from './flow-deps.ts'
import type { Departure, FlowRow } from './flow-row.ts'
import { change, checkOpen, LIFETIME_MS, rowOf } from './flow-rows.ts'
import { freshSecret, hashOf, isFlowSecret, toState } from './flow-secrets.ts'

/** Binds the flow to a browser and makes the address to send it to; a state that was handed out before is void. */
export async function start(
  deps: FlowBookDeps,
  id: string,
  from: { readonly browserToken?: string | undefined; readonly visitor: Visitor | undefined },
): Promise<FlowStart> {
  const found = await rowOf(deps.store, id)
  checkVisitor(from.visitor, found.value)
  checkOpen(found, deps.clock())
  const { target } = await deps.definitionOf(found.value.connection, found.value.subject)
  const secret = freshSecret(deps.randomBytes)
  const browserToken = isFlowSecret(from.browserToken) ? from.browserToken : freshSecret(deps.randomBytes)
  const verifier = target.spec.pkce === false ? undefined : new Secret(freshSecret(deps.randomBytes))
  const departure: Departure = {
    stateHash: hashOf(secret),
    browserHash: hashOf(browserToken),
    ...(typeof from.visitor === 'object' && { visitor: from.visitor.principalId }),
    ...(verifier && { verifier: deps.vault.seal(verifier, bindingOf(deps, id, found.value)) }),
    target: fingerprintOf(target),
  }
  const url = deps.engine.authorizationUrl(target, {
    scopes: found.value.scopes,
    redirectUri: found.value.redirectUri,
    state: toState(id, secret),
    codeChallenge: verifier && (await calculatePKCECodeChallenge(verifier.reveal())),
  })
  await change(deps.store, found, { ...found.value, departure, expiresAt: deps.clock() + LIFETIME_MS })
  return { id, url: url.href, browserToken }
}

/** Throws `forbidden` unless the flow may be started by whoever is there. */
export function checkVisitor(visitor: Visitor | undefined, row: Pick<FlowRow, 'subject' | 'principalId'>): void {
  if (visitor !== undefined && ownsFlow(visitor, row)) return
  throw new GatewayError(
    'forbidden',
    visitor === undefined
      ? 'Sign in first: whoever finds a link must not bring an account of theirs in.'
      : 'This link is for somebody else. Sign in as that person, or ask your assistant for a link of your own.',
  )
}
