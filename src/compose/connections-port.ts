import type { ConnectionsPort, MethodFacts, ProviderFacts } from '../admin/connections-port.ts'
import type { Config } from '../config/schema.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import { GatewayError } from '../kernel/errors.ts'
import { checkFields } from '../provider-kit/check-fields.ts'
import { methodOf } from '../provider-kit/method-of.ts'
import type { AuthMethod, Provider } from '../provider-kit/provider.ts'
import { MCP_AUTH_METHODS } from '../sources/mcp-auth-method.ts'
import { toSettings } from '../sources/provider-run.ts'
import type { Supervisor } from '../sources/supervisor.ts'
import type { ConnectionHouse } from './connection-house.ts'
import type { ConnectionDeps } from './connections.ts'
import type { Shelf } from './shelf.ts'
import { tryOut } from './try-out.ts'

export interface ConnectionsPortParts {
  readonly connections: ConnectionHouse
  readonly supervisor: Supervisor
  readonly specDeps: ConnectionDeps
  config(): Config
}

/** Connections, their credentials and what runs them, as the use cases of admins need them. */
export function toConnectionsPort({
  connections,
  supervisor,
  specDeps,
  config,
}: ConnectionsPortParts): ConnectionsPort {
  return {
    book: connections.book,
    credentials: connections.credentials,
    definitionOf: connections.definitionOf,
    definitions: connections.definitions,
    statuses: supervisor.statuses,
    providers: () => specDeps.shelf.all().map((one) => toFacts(one, config())),
    check(definition) {
      if (definition.provider === 'mcp') mcpMethod(definition)
      else toSettings(providerOf(specDeps.shelf, definition), definition.settings)
    },
    checkFields: (definition, fields) => checkFields(asMethod(specDeps.shelf, definition), fields),
    tryOut: (definition, candidate, signal) =>
      tryOut({ connections, specDeps, config: connections.current() }, definition, candidate, signal),
    restart: supervisor.restart,
    end: supervisor.revoke,
  }
}

/** The provider of a definition, after a look at its method. Throws `invalid_request` or `config_invalid`. */
function providerOf(shelf: Shelf, { provider: id, method, baseUrl }: ConnectionDefinition): Provider {
  const provider = shelf.get(id)
  if (!provider) throw new GatewayError('invalid_request', `There is no provider "${id.slice(0, 64)}".`)
  methodOf(provider, method)
  if (baseUrl !== undefined || provider.baseUrl !== undefined) return provider
  throw new GatewayError('invalid_request', `${provider.title} has no address of its own: give a baseUrl.`)
}

function mcpMethod({ method }: ConnectionDefinition): (typeof MCP_AUTH_METHODS)[number] {
  const found = MCP_AUTH_METHODS.find(({ id }) => id === method)
  if (found) return found
  const known = MCP_AUTH_METHODS.map(({ id }) => id).join(', ')
  throw new GatewayError(
    'invalid_request',
    `MCP servers have no way to sign in called "${method.slice(0, 64)}". They have: ${known}.`,
  )
}

/** A method with fields to be checked; MCP servers have no manifest. */
function asMethod(shelf: Shelf, definition: ConnectionDefinition): AuthMethod {
  if (definition.provider !== 'mcp') return methodOf(providerOf(shelf, definition), definition.method)
  const { id, title, fields } = mcpMethod(definition)
  return { kind: 'custom', id, title, fields, inject: [] }
}

const toFacts = ({ id, title, docs, auth, actions }: Provider, config: Config): ProviderFacts => ({
  id,
  title,
  docs,
  methods: auth.map((method) => toMethodFacts(id, method, config)),
  actions: Object.entries(actions).map(([name, action]) => ({
    name,
    title: action.title,
    effect: action.effect,
    external: action.external,
    scopes: action.scopes,
  })),
})

const toMethodFacts = (
  provider: string,
  { id, kind, title, fields, oauth }: AuthMethod,
  config: Config,
): MethodFacts => ({
  id,
  kind,
  title,
  fields: fields.map(({ key, label, secret, pattern }) => ({
    key,
    label,
    secret,
    ...(pattern !== undefined && { pattern }),
  })),
  signIn: oauth?.grant === 'authorization_code',
  ready: !oauth || Object.hasOwn(config.oauthClients, provider),
})
