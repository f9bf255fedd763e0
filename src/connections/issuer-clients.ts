import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Clock } from '../kernel/clock.ts'
import type { Secret } from '../kernel/secret.ts'
import { defineCollection, type Store, type Versioned } from '../store/store.ts'
import { isSealedSecret, type SealedSecret } from '../vault/sealed-secret.ts'
import type { Binding, Vault } from '../vault/vault.ts'
import { type SealedRows, sealedRows } from './sealed/sealed-rows.ts'

/** The gateway as a client of one authorization server. `expiresAt` in milliseconds since the epoch. */
export interface IssuerClient {
  readonly issuer: string
  readonly id: string
  readonly secret?: Secret | undefined
  readonly method?: 'client_secret_basic' | 'client_secret_post' | 'none' | undefined
  readonly kind: 'configured' | 'document' | 'registered'
  readonly redirectUri?: string | undefined
  readonly expiresAt?: number | undefined
}

/** The clients of one connection, by issuer: what was registered with one is never shown to another. */
export interface IssuerClients {
  get(issuer: string): Promise<IssuerClient | undefined>
  /** `undefined` forgets. The eight issuers that were used last are kept. */
  set(issuer: string, client: IssuerClient | undefined): Promise<void>
}

const clientSchema = z.strictObject({
  organisation: z.string(),
  connection: z.string(),
  issuer: z.string(),
  id: z.string(),
  secret: z.custom<SealedSecret>(isSealedSecret).exactOptional(),
  method: z.enum(['client_secret_basic', 'client_secret_post', 'none']).exactOptional(),
  kind: z.enum(['configured', 'document', 'registered']),
  redirectUri: z.string().exactOptional(),
  expiresAt: z.number().exactOptional(),
  at: z.number(),
})
type Row = z.output<typeof clientSchema>

const collection = defineCollection<Row>('issuer-clients', clientSchema)

/** A server that names another authorization server each time must not fill the store. */
const MOST_ISSUERS = 8

export interface IssuerClientDeps {
  readonly store: Store
  readonly vault: Pick<Vault, 'seal' | 'open'>
  readonly organisation: string
  readonly clock: Clock
}

/** What is remembered of clients, of one connection, with their secrets sealed. */
export function issuerClients(
  { store, vault, organisation, clock }: IssuerClientDeps,
  connection: string,
): IssuerClients {
  const idOf = (issuer: string): string =>
    `${organisation}/${connection}/${createHash('sha256').update(issuer).digest('base64url')}`
  const makeRoom = async (): Promise<void> => {
    const own = (await store.list(collection)).filter(
      ({ value }) => value.organisation === organisation && value.connection === connection,
    )
    const surplus = own.toSorted((a, b) => b.value.at - a.value.at).slice(MOST_ISSUERS)
    await Promise.all(surplus.map(({ id }) => store.delete(collection, id)))
  }
  return {
    async get(issuer) {
      const row = await store.get(collection, idOf(issuer))
      return row && row.value.issuer === issuer ? toClient(vault, row) : undefined
    },
    async set(issuer, client) {
      if (client)
        await store.put(collection, idOf(issuer), toRow(vault, { organisation, connection, at: clock() }, client))
      else await store.delete(collection, idOf(issuer))
      await makeRoom()
    },
  }
}

const bindingOf = ({
  organisation,
  connection,
  issuer,
}: Pick<Row, 'organisation' | 'connection' | 'issuer'>): Binding => ({
  organisation,
  connection,
  owner: '',
  field: `client_secret:${issuer}`,
})

function toRow(
  vault: Pick<Vault, 'seal'>,
  place: Pick<Row, 'organisation' | 'connection' | 'at'>,
  { issuer, id, secret, method, kind, redirectUri, expiresAt }: IssuerClient,
): Row {
  return {
    ...place,
    issuer,
    id,
    kind,
    ...(secret && { secret: vault.seal(secret, bindingOf({ ...place, issuer })) }),
    ...(method && { method }),
    ...(redirectUri !== undefined && { redirectUri }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}

function toClient(vault: Pick<Vault, 'open'>, { value }: Versioned<Row>): IssuerClient {
  const { issuer, id, secret, method, kind, redirectUri, expiresAt } = value
  return { issuer, id, method, kind, redirectUri, expiresAt, secret: secret && vault.open(secret, bindingOf(value)) }
}

/** The clients' secrets as rows to be sealed anew under another key. */
export const sealedIssuerClients = (deps: { readonly store: Store; readonly vault: Vault }): SealedRows =>
  sealedRows({
    ...deps,
    collection,
    places: (row) => (row.secret ? [{ sealed: row.secret, binding: bindingOf(row) }] : []),
    replaced: (row, [secret]) => ({ ...row, ...(secret && { secret }) }),
  })
