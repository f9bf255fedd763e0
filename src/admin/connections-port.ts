import type { ConnectionBook, ConnectionDraft } from '../connections/connection-book.ts'
import type { CredentialBook } from '../connections/credential-book.ts'
import type { CredentialFacts } from '../connections/credential-facts.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import type { ConnectionStatus } from '../kernel/connection.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Effect } from '../kernel/tool.ts'
import type { TokenSet } from '../kernel/token-set.ts'

export type { ConnectionDraft, CredentialFacts }

/** A credential that is not stored yet. */
export interface Candidate {
  readonly fields?: Readonly<Record<string, Secret>> | undefined
  readonly tokens?: TokenSet | undefined
}

/** What came of connecting once. */
export interface Trial {
  /** `refused`: the credential; `failed`: something else, which may pass. */
  readonly status: 'ok' | 'refused' | 'failed'
  /** Until the tools were known, or the failure was. */
  readonly latencyMs: number
  /** Absent where nobody could say: the service has no question that a credential is needed for. */
  readonly tokenValid?: boolean
  readonly scopesGranted: readonly string[]
  readonly account?: string
  readonly tools: number
  readonly problem?: { readonly code: string; readonly message: string }
}

/** A value that a person fills in for a way to sign in. */
export interface FieldForm {
  readonly key: string
  readonly label: string
  readonly secret: boolean
  readonly pattern?: string
}

export interface MethodFacts {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly fields: readonly FieldForm[]
  /** True when our OAuth client at the service is configured, or none is needed. */
  readonly ready: boolean
  /** A person signs in at the service; what is filled in is our client there, where the configuration names none. */
  readonly signIn: boolean
}

/** A service that can be connected. */
export interface ProviderFacts {
  readonly id: string
  readonly title: string
  readonly docs: string
  readonly methods: readonly MethodFacts[]
  readonly actions: readonly {
    readonly name: string
    readonly title: string
    readonly effect: Effect
    readonly external: boolean
    /** Any of the lists suffices, all of a list are needed. */
    readonly scopes: readonly (readonly string[])[]
  }[]
}

/** What the use cases about connections are run with. */
export interface ConnectionsPort {
  readonly book: Pick<ConnectionBook, 'all' | 'get' | 'create' | 'update' | 'setEnabled' | 'remove' | 'restore'>
  readonly credentials: Pick<CredentialBook, 'grant' | 'facts' | 'all' | 'expiring' | 'remove'>
  /** Declared or managed, a deleted one too. */
  definitionOf(slug: string): ConnectionDefinition | undefined
  /** Every connection that is not deleted, ordered by slug. */
  definitions(): readonly ConnectionDefinition[]
  statuses(): readonly ConnectionStatus[]
  /** Ordered by id. */
  providers(): readonly ProviderFacts[]
  /** Throws `config_invalid` or `invalid_request` for what cannot work: an unknown provider or method, wrong settings. */
  check(definition: ConnectionDefinition): void
  /** Throws `invalid_credential` for fields that cannot be right. */
  checkFields(definition: ConnectionDefinition, fields: Readonly<Record<string, Secret>>): void
  /** Connects once, with the candidate or with what is stored, lists the tools and lets go; within 30 s. Never rejects. */
  tryOut(definition: ConnectionDefinition, candidate: Candidate | 'stored', signal: AbortSignal): Promise<Trial>
  /** Makes the connection anew at once. */
  restart(slug: string): void
  /** Ends it until it is connected again; running calls end at once. */
  end(slug: string): Promise<void>
}
