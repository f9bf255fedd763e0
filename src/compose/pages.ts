import type { Context, Hono } from 'hono'
import { approvalPages } from '../http/approvals-page.ts'
import { clientDocumentPage } from '../http/client-document.ts'
import { credentialsOf } from '../http/credentials.ts'
import { connectRoutes } from '../http/oauth.ts'
import { signInPages, signInUrl } from '../http/pages/sign-in.ts'
import { type Sessions, sessions } from '../http/sessions.ts'
import type { Identity } from '../identity/identity.ts'
import { isLoopbackAddress } from '../identity/loopback.ts'
import { clientDocument } from '../sources/mcp-client-document.ts'
import { seal } from '../vault/seal.ts'
import type { DoorDeps } from './door.ts'
import { CLIENT_NAME } from './mcp-sign-in.ts'
import { placeOf } from './place.ts'

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
export function browsing(deps: DoorDeps, { identity, origin }: BrowsingOptions): Browsing {
  const { world, admin, approvals, connecting, clock, newId, log } = deps
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
    connectRoutes({
      flows: connecting.flows,
      sessions: browsers,
      publicUrl: () => new URL(origin()),
      isLocal: (c) => isAlone(deps, c),
      signInUrl,
      log,
    }),
    clientDocumentPage(() => {
      const { documentUrl, redirectUri } = placeOf(origin())
      return documentUrl === undefined ? undefined : clientDocument(documentUrl, CLIENT_NAME, [redirectUri])
    }),
  ]
  return { sessions: browsers, pages }
}

/** Where nobody can sign in and nobody else can reach us, whoever sits at this machine is the one whose gateway it is. */
function isAlone({ identities, config }: DoorDeps, c: Context): boolean {
  const { remoteAddress } = credentialsOf(c)
  const isHere = remoteAddress !== undefined && isLoopbackAddress(remoteAddress)
  return isHere && config().server.publicUrl === undefined && identities.personKeys.list().length === 0
}
