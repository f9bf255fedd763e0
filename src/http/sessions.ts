import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Identity } from '../identity/identity.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { checkForm } from './form.ts'

/** How long a browser stays signed in, and how long a form may wait to be sent before that, milliseconds. */
const SESSION_MS = 8 * 3_600_000
const VISIT_MS = 3_600_000

/** Makes text of a value that nobody but this gateway can read or change. */
export interface SessionSeal {
  seal(value: JsonObject): string
  open(text: string): JsonObject | undefined
}

export interface SessionDeps {
  readonly identity: Pick<Identity, 'signIn' | 'recheck'>
  readonly seal: SessionSeal
  /** Whether browsers reach us over https, which the cookies then demand. */
  readonly secure: () => boolean
  readonly clock: Clock
  readonly newId: NewId
}

/** Browsers of people. Nothing is kept here: a cookie names the key that opened it, and the key is looked at each time. */
export interface Sessions {
  /** Who is signed in with this browser; undefined for nobody, also when the key was revoked or the person disabled. */
  sessionOf(c: Context): Principal | undefined
  /** The token for the hidden field `csrf` of our forms; bound to the session, or to the visit of somebody not signed in. */
  csrfOf(c: Context): string
  /** Throws `forbidden` for a form that is not from our page in this very browser. Before anything else is done with it. */
  checkForm(c: Context, form: ReadonlyMap<string, string>): void
  /**
   * Signs in with a person's key, always with a new session, once `record` has resolved. Throws `unauthenticated`, or
   * `forbidden` when the person is disabled.
   */
  signIn(c: Context, key: string, record: (principal: Principal) => Promise<void>): Promise<void>
  signOut(c: Context): void
}

interface Ticket {
  readonly kind: 'session' | 'visit'
  /** What forms are bound to. */
  readonly nonce: string
  /** The key that opened it; empty for a visit. */
  readonly key: string
}

export function sessions(deps: SessionDeps): Sessions {
  const { identity, newId } = deps
  const jar = cookieJar(deps)
  const personOf = ({ key }: Ticket): Principal | undefined => {
    try {
      return identity.recheck(key)
    } catch (error) {
      // A key that ended or a person who was disabled is nobody; anything else is a fault and must not pass for that.
      if (error instanceof GatewayError && (error.code === 'unauthenticated' || error.code === 'forbidden'))
        return undefined
      throw error
    }
  }
  const visit = (c: Context): Ticket => {
    const known = jar.read(c, 'visit')
    if (known) return known
    const fresh: Ticket = { kind: 'visit', nonce: newId(), key: '' }
    jar.write(c, fresh)
    return fresh
  }
  const live = (c: Context): Ticket | undefined => {
    const ticket = jar.read(c, 'session')
    return ticket && personOf(ticket) ? ticket : undefined
  }
  return {
    sessionOf(c) {
      const ticket = jar.read(c, 'session')
      return ticket && personOf(ticket)
    },
    csrfOf: (c) => csrfOf(live(c) ?? visit(c)),
    checkForm(c, form) {
      const ticket = live(c) ?? jar.read(c, 'visit')
      // Without a ticket no page of ours was shown in this browser: no token can be right.
      checkForm(c, form, ticket ? csrfOf(ticket) : newId())
    },
    async signIn(c, key, record) {
      const { principal, keyId } = identity.signIn(key)
      await record(principal)
      jar.write(c, { kind: 'session', nonce: newId(), key: keyId })
      jar.drop(c, 'visit')
    },
    signOut: (c) => jar.drop(c, 'session'),
  }
}

/** The nonce is sealed in a cookie that no script reads, so that its hash tells nobody anything. */
const csrfOf = ({ kind, nonce }: Ticket): string =>
  createHash('sha256').update(`csrf:${kind}:${nonce}`).digest('base64url')

interface CookieJar {
  read(c: Context, kind: Ticket['kind']): Ticket | undefined
  write(c: Context, ticket: Ticket): void
  drop(c: Context, kind: Ticket['kind']): void
}

function cookieJar({ seal, secure, clock }: SessionDeps): CookieJar {
  const nameOf = (kind: Ticket['kind']): string =>
    `${secure() ? '__Host-' : ''}gatehouse${kind === 'visit' ? '-visit' : ''}`
  const attributes = () => ({ path: '/', httpOnly: true, sameSite: 'Lax', secure: secure() }) as const
  return {
    read(c, kind) {
      const text = getCookie(c, nameOf(kind))
      return text === undefined ? undefined : toTicket(seal.open(text), kind, clock())
    },
    write(c, ticket) {
      const ms = ticket.kind === 'session' ? SESSION_MS : VISIT_MS
      const sealed = seal.seal({ ...ticket, until: clock() + ms })
      setCookie(c, nameOf(ticket.kind), sealed, { ...attributes(), maxAge: ms / 1_000 })
    },
    drop: (c, kind) => void deleteCookie(c, nameOf(kind), attributes()),
  }
}

/** The time is inside of what is sealed: a browser that keeps a cookie longer gains nothing. */
function toTicket(value: JsonObject | undefined, wanted: Ticket['kind'], now: number): Ticket | undefined {
  const { kind, nonce, key, until } = value ?? {}
  if (kind !== wanted || typeof nonce !== 'string' || typeof key !== 'string') return undefined
  return typeof until === 'number' && until > now ? { kind: wanted, nonce, key } : undefined
}
