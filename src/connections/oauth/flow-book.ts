import type { ConnectFlows, FlowView } from '../../kernel/connect-flow.ts'
import type { Subject } from '../../kernel/credential.ts'
import { authorizeAddress, type FlowBookDeps } from './flow-deps.ts'
import { finish } from './flow-finish.ts'
import { makeRoom } from './flow-prune.ts'
import { flowCollection, toView, type FlowRow } from './flow-row.ts'
import { LIFETIME_MS, rowOf } from './flow-rows.ts'
import { checkVisitor, start } from './flow-start.ts'
import { checkReturnTo } from './return-to.ts'

export type { FlowBookDeps, FlowDefinition, Granted } from './flow-deps.ts'

/** What somebody wants to connect. */
export interface FlowRequest {
  readonly connection: string
  readonly subject: Subject
  readonly principalId: string
  readonly scopes: readonly string[]
  readonly redirectUri: string
  /** A path on this gateway. */
  readonly returnTo?: string | undefined
}

/**
 * Attempts to connect an account. A flow lives 10 minutes from its beginning and again from each start in a browser; its
 * state is good once, in that browser, for that person; it survives a restart.
 */
export interface FlowBook extends ConnectFlows {
  /** A flow that waits for a browser to start it, on the page of its connect link. */
  invite(request: FlowRequest): Promise<FlowView>
}

export function flowBook(deps: FlowBookDeps): FlowBook {
  const { store, clock } = deps
  const view = async (id: string): Promise<FlowView> => toView(id, (await rowOf(store, id)).value, clock())
  return {
    view,
    async page(id, visitor) {
      const told = await view(id)
      checkVisitor(visitor, told)
      const { title, target } = await deps.definitionOf(told.connection, told.subject)
      return { ...told, title, serviceOrigin: authorizeAddress(target).origin }
    },
    async invite(request) {
      const returnTo = request.returnTo === undefined ? {} : { returnTo: checkReturnTo(request.returnTo) }
      await deps.definitionOf(request.connection, request.subject)
      await makeRoom(store, clock, request.principalId)
      const { connection, subject, principalId, scopes, redirectUri } = request
      const [id, now] = [deps.newId(), clock()]
      const times = { createdAt: now, expiresAt: now + LIFETIME_MS }
      const who = { connection, subject, principalId, scopes: [...scopes] }
      const row: FlowRow = { ...who, redirectUri, ...returnTo, ...times, status: 'pending' }
      return toView(id, (await store.put(flowCollection, id, row, { ifVersion: 0 })).value, now)
    },
    start: (id, from) => start(deps, id, from),
    finish: (back) => finish(deps, back),
  }
}
