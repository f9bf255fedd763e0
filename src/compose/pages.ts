import type { Hono } from 'hono'
import { approvalPages } from '../http/approvals-page.ts'
import { signInPages } from '../http/pages/sign-in.ts'
import { type Sessions, sessions } from '../http/sessions.ts'
import type { Identity } from '../identity/identity.ts'
import { seal } from '../vault/seal.ts'
import type { DoorDeps } from './door.ts'

export interface Browsing {
  /** Who is signed in with a browser, and the guard of forms. */
  readonly sessions: Sessions
  readonly pages: readonly Hono[]
}

export interface BrowsingOptions {
  readonly identity: Identity
  /** Where people reach us. */
  readonly origin: () => string
}

/** The pages for people's browsers. */
export function browsing(
  { world, admin, approvals, clock, newId, log }: DoorDeps,
  { identity, origin }: BrowsingOptions,
): Browsing {
  const browsers = sessions({
    identity,
    seal: seal(world.vault.derive('sessions'), 'sessions'),
    secure: () => origin().startsWith('https:'),
    clock,
    newId,
  })
  const pages = [
    signInPages({ sessions: browsers, audit: world.audit, clock }),
    approvalPages({ approvals: { admin, ...approvals }, sessions: browsers, log }),
  ]
  return { sessions: browsers, pages }
}
