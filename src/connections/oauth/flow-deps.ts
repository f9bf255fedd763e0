import type { Clock, NewId } from '../../kernel/clock.ts'
import type { Subject } from '../../kernel/credential.ts'
import type { TokenSet } from '../../kernel/token-set.ts'
import type { Store } from '../../store/store.ts'
import type { Binding, Vault } from '../../vault/vault.ts'
import type { OAuthEngine } from './engine.ts'
import type { FlowRow } from './flow-row.ts'
import { hashOf, type RandomBytes } from './flow-secrets.ts'
import { addressOf, type OAuthTarget } from './target.ts'

/** How a connection is authorized now. */
export interface FlowDefinition {
  /** The service in words, such as `GitHub`. */
  readonly title: string
  /** Id of the auth method. */
  readonly method: string
  readonly target: OAuthTarget
}

/** What a person agreed to, and for whom. */
export interface Granted {
  readonly flow: string
  readonly connection: string
  readonly subject: Subject
  /** Who began it. */
  readonly principalId: string
  readonly method: string
  readonly tokens: TokenSet
  /** Whose account it is, when the service said. */
  readonly account?: string | undefined
}

export interface FlowBookDeps {
  readonly store: Store
  readonly vault: Pick<Vault, 'seal' | 'open'>
  readonly organisation: string
  readonly engine: Pick<OAuthEngine, 'authorizationUrl' | 'exchange'>
  readonly clock: Clock
  readonly newId: NewId
  readonly randomBytes: RandomBytes
  /** Rejects with `not_found` or `invalid_request` when there is nothing to authorize. */
  readonly definitionOf: (connection: string, subject: Subject) => FlowDefinition | Promise<FlowDefinition>
  /** Asks the service whose account it is (whoami); rejects when the new tokens do not work. */
  readonly accountOf?: (granted: Granted, signal: AbortSignal) => Promise<string | undefined>
  /** Stores the credential. The flow is done when it resolves, and failed with its words when it rejects. */
  readonly onGranted: (granted: Granted) => Promise<void>
}

/** Where the verifier of a flow belongs. */
export const bindingOf = (
  { organisation }: Pick<FlowBookDeps, 'organisation'>,
  id: string,
  { connection, subject }: Pick<FlowRow, 'connection' | 'subject'>,
): Binding => ({
  organisation,
  connection,
  owner: subject === 'shared' ? '' : subject.user,
  field: `oauth_verifier:${id}`,
})

export const authorizeAddress = (target: OAuthTarget): URL => addressOf(target, target.spec.authorizeUrl ?? '')

/** A code that was asked for here is sent nowhere else, even when the connection is edited meanwhile. */
export const fingerprintOf = (target: OAuthTarget): string =>
  hashOf(
    JSON.stringify([
      authorizeAddress(target).href,
      addressOf(target, target.spec.tokenUrl).href,
      target.spec.issuer ?? '',
      target.client.id,
      target.resource ?? '',
    ]),
  )
