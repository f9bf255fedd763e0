import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Agent, Principal } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'
import { ATTACH_PREFIX, isSameToken } from './attach-token.ts'
import { challengeFor, metadataUrl, type ProtectedResource, protectedResourceMetadata } from './challenge.ts'
import type { JwtVerifier } from './jwt-verifier.ts'
import { KEY_PREFIX, type KeyBook } from './keys.ts'
import { isLoopbackAddress } from './loopback.ts'
import { type KeyHolder } from './key-book.ts'
import type { PeopleBook } from './people.ts'
import { PERSON_KEY_PREFIX, type PersonKeys } from './person-keys.ts'
import { adminPrincipal, personPrincipal, registered, toPrincipal } from './principals.ts'

/** `b64token` of RFC 6750 §2.1; the scheme in any case (RFC 9110 §11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i

/** What a request brings to prove who it is. Nothing else about a request counts. */
export interface CredentialRequest {
  /** The `Authorization` header. */
  readonly authorization?: string | undefined
  /** The peer's address; leave it out when a proxy stands between. */
  readonly remoteAddress?: string | undefined
  /** The `Gatehouse-Agent` header; means something with the attach token only. */
  readonly agentHeader?: string | undefined
}

export interface IdentityDeps {
  readonly agents: () => ReadonlyMap<string, Agent>
  readonly keys: Pick<KeyBook, 'verify'>
  /** People and their keys; absent where nobody signs in. */
  readonly people?: { readonly book: Pick<PeopleBook, 'get'>; readonly keys: Pick<PersonKeys, 'verify' | 'recheck'> }
  /** Absent when no identity provider is configured. */
  readonly jwt?: JwtVerifier | undefined
  /** The agent that callers on this machine are when they bring no credential. */
  readonly loopbackAgent?: string | undefined
  /** The token of the lock file that this process holds. */
  readonly attachToken?: Secret | undefined
  readonly organisation: string
  /** Our canonical URL. */
  readonly resource: URL
}

export interface Identity {
  /**
   * Who is asking. GatewayError `unauthenticated` when nobody can tell, `forbidden` for a disabled agent or missing scopes,
   * `upstream_failed` when the identity provider's keys cannot be had. A credential that is bad is never overlooked in favour
   * of the loopback agent.
   */
  authenticate(request: CredentialRequest): Promise<Principal>
  /**
   * The person behind a key of theirs, for a browser that signs in, and the key's id. GatewayError `unauthenticated` for
   * anything that is no such key, `forbidden` when the person is disabled.
   */
  signIn(key: string): { readonly principal: Principal; readonly keyId: string }
  /** The person whose key opened a session, while that key still works. Throws like `signIn`. */
  recheck(keyId: string): Principal
  /** The `WWW-Authenticate` header for a 401, and for a 403 whose `data.error` is `insufficient_scope`. */
  challenge(error: GatewayError): string
  /** RFC 9728: where to serve it, and what. Absent without an identity provider: there is no token to be had then. */
  readonly metadata?: { readonly path: string; readonly document: JsonObject }
}

/** Joins the ways to prove who one is into the one door. */
export function createIdentity(deps: IdentityDeps): Identity {
  const facts = protectedResource(deps)
  const toKeyHolder = keyHolders(deps)
  return {
    authenticate: async (request) =>
      request.authorization === undefined
        ? withoutCredential(deps, request)
        : // What is spread comes last: with more behind it V8 makes a hidden class for each request.
          withCredential(deps, request.authorization, { toKeyHolder, ...request }),
    signIn(key) {
      const holder = holderOf(deps, key)
      return { principal: toPerson(deps, holder), keyId: holder.keyId }
    },
    recheck(keyId) {
      if (!deps.people) throw refused('Nobody signs in here.')
      return toPerson(deps, deps.people.keys.recheck(keyId))
    },
    challenge: (error) => challengeFor(error, facts),
    ...(facts
      ? { metadata: { path: metadataUrl(facts.resource).pathname, document: protectedResourceMetadata(facts) } }
      : {}),
  }
}

function protectedResource({ jwt, resource, organisation }: IdentityDeps): ProtectedResource | undefined {
  return jwt && { resource, organisation, authorizationServers: jwt.authorizationServers, scopes: jwt.scopes }
}

function withCredential(
  deps: IdentityDeps,
  authorization: string,
  request: CredentialRequest & { readonly toKeyHolder: (key: string) => Principal },
): Principal | Promise<Principal> {
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) throw refused('The Authorization header must be "Bearer <key or token>".')
  if (token.startsWith(KEY_PREFIX)) return request.toKeyHolder(token)
  if (token.startsWith(PERSON_KEY_PREFIX)) return toPerson(deps, holderOf(deps, token))
  if (token.startsWith(ATTACH_PREFIX)) return withAttachToken(deps, token, request)
  if (deps.jwt) return withJwt(deps, deps.jwt, token)
  throw refused(`This is no key of this gateway: keys begin with ${KEY_PREFIX}.`)
}

/**
 * The principals behind API keys. The same holder is the same object until something about the agent changes: policy keeps
 * what it has found out about a principal by the object. At most as many as there are keys.
 */
function keyHolders({ keys, agents, organisation }: IdentityDeps): (key: string) => Principal {
  const known = new WeakMap<Agent, Map<string | undefined, Principal>>()
  return (key) => {
    const { owner, user } = keys.verify(key)
    const agent = registered(agents(), owner)
    const ofAgent = known.get(agent) ?? new Map<string | undefined, Principal>()
    const principal = ofAgent.get(user) ?? toPrincipal({ agent, organisation, credential: 'key', user })
    ofAgent.set(user, principal)
    known.set(agent, ofAgent)
    return principal
  }
}

function holderOf({ people }: IdentityDeps, key: string): KeyHolder {
  if (people) return people.keys.verify(key)
  throw refused('This is no key of a person.')
}

/** A key outlives the registration only until somebody looks: without a person it opens nothing. */
function toPerson({ people, organisation }: IdentityDeps, { owner }: KeyHolder): Principal {
  const person = people?.book.get(owner)?.person
  if (!person) throw refused(`There is no person "${owner}" any more. Ask an admin: gatehouse people add ${owner}.`)
  const { id, roles, groups } = person
  return personPrincipal({ id, organisation, roles, groups, registered: person })
}

/** The token never leaves the machine, so that it counts from nowhere else. */
function withAttachToken(
  deps: IdentityDeps,
  token: string,
  { remoteAddress, agentHeader }: CredentialRequest,
): Principal {
  const local = remoteAddress === undefined || isLoopbackAddress(remoteAddress)
  if (!deps.attachToken || !isSameToken(token, deps.attachToken) || !local) {
    throw refused('This is no token of the running gateway. It changes with every start: read the lock file again.')
  }
  if (agentHeader === undefined) return adminPrincipal(deps.organisation)
  const agent = registered(deps.agents(), agentHeader)
  return toPrincipal({ agent, organisation: deps.organisation, credential: 'stdio' })
}

async function withJwt(
  { agents, organisation, people }: IdentityDeps,
  jwt: JwtVerifier,
  token: string,
): Promise<Principal> {
  const { agent: id, user, groups, claims, roles } = await jwt.verify(token)
  if (roles) {
    if (user === undefined) throw refused('The access token names no person, and its client is for people only.')
    return personPrincipal({
      id: user,
      organisation,
      roles,
      groups,
      claims,
      registered: people?.book.get(user)?.person,
    })
  }
  const agent = agents().get(id)
  if (!agent) {
    const detail = `The access token is valid, but its client is no agent here. An admin can add it to "agents", or name its agent in identity.jwt.agents.`
    throw new GatewayError('forbidden', detail)
  }
  return toPrincipal({ agent, organisation, credential: 'jwt', user, groups, claims })
}

function withoutCredential(
  { loopbackAgent, agents, organisation }: IdentityDeps,
  request: CredentialRequest,
): Principal {
  if (loopbackAgent === undefined || request.remoteAddress === undefined || !isLoopbackAddress(request.remoteAddress)) {
    throw new GatewayError('unauthenticated', 'Send an API key or access token as "Authorization: Bearer …".')
  }
  return toPrincipal({ agent: registered(agents(), loopbackAgent), organisation, credential: 'loopback' })
}

const refused = (detail: string): GatewayError =>
  new GatewayError('unauthenticated', detail, { data: { error: 'invalid_token' } })
