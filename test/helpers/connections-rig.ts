import { randomBytes, randomUUID } from 'node:crypto'
import type { Candidate, ConnectionsPort, Trial } from '../../src/admin/connections-port.ts'
import { openConnectionBook } from '../../src/connections/connection-book.ts'
import { openCredentialBook } from '../../src/connections/credential-book.ts'
import type { TokenSource } from '../../src/connections/credential-deps.ts'
import type { ConnectionDefinition } from '../../src/connections/definition.ts'
import type { ConnectionStatus } from '../../src/kernel/connection.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { Store } from '../../src/store/store.ts'
import { openVault } from '../../src/vault/vault.ts'

/** The real books of connections and credentials; what runs them is the test's to say. */
export interface ConnectionsRig {
  readonly port: ConnectionsPort
  /** Declared connections. */
  readonly declared: Map<string, ConnectionDefinition>
  readonly statuses: ConnectionStatus[]
  /** What was asked of the supervisor, in order. */
  readonly asked: string[]
  /** What connecting once comes to. */
  trial: (definition: ConnectionDefinition, candidate: Candidate | 'stored') => Trial
  source: TokenSource | undefined
}

export const GOOD: Trial = {
  status: 'ok',
  latencyMs: 12,
  tokenValid: true,
  scopesGranted: [],
  account: 'ann@example.com',
  tools: 3,
}

export async function connectionsRig(store: Store, clock: () => number): Promise<ConnectionsRig> {
  const declared = new Map<string, ConnectionDefinition>()
  const asked: string[] = []
  const statuses: ConnectionStatus[] = []
  const book = await openConnectionBook({ store, clock, onError: (error) => asked.push(String(error)) })
  const definitionOf = (slug: string): ConnectionDefinition | undefined => {
    const found = book.get(slug) ?? declared.get(slug)
    return found && book.switchedOff().has(slug) ? { ...found, enabled: false } : found
  }
  const credentials = await openCredentialBook({
    organisation: 'acme',
    store,
    vault: openVault({ keys: [{ kid: 'k1', key: new Secret(randomBytes(32)), state: 'active' }] }),
    clock,
    newId: randomUUID,
    timeout: () => new AbortController().signal,
    definitionOf,
    tokenSource: () => rig.source,
    connectLink: ({ connection }) => Promise.resolve(`https://gw.example.com/connect/${connection}`),
    onTrouble: (slug) => void asked.push(`trouble ${slug}`),
  })
  const port: ConnectionsPort = {
    book,
    credentials,
    definitionOf,
    definitions: () => [...declared.values(), ...book.all().values()].toSorted((a, b) => (a.slug < b.slug ? -1 : 1)),
    statuses: () => statuses,
    providers: () => [
      {
        id: 'postbox',
        title: 'Postbox',
        docs: 'https://postbox.example.com',
        methods: [{ id: 'token', kind: 'bearer', title: 'Token', fields: [], ready: true, signIn: false }],
        actions: [{ name: 'send_mail', title: 'Send', effect: 'write', external: true, scopes: [] }],
      },
    ],
    check({ provider }) {
      if (!['postbox', 'mcp'].includes(provider))
        throw new GatewayError('invalid_request', 'There is no such provider.')
    },
    checkFields(_definition, fields) {
      if (!fields['token']) throw new GatewayError('invalid_credential', 'The token is missing.')
    },
    tryOut: (definition, candidate) => Promise.resolve(rig.trial(definition, candidate)),
    restart: (slug) => void asked.push(`restart ${slug}`),
    end: (slug) => Promise.resolve(void asked.push(`end ${slug}`)),
  }
  const rig: ConnectionsRig = { port, declared, statuses, asked, trial: () => GOOD, source: undefined }
  return rig
}
