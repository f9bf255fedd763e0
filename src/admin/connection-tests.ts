import type { ConnectionDefinition } from '../connections/definition.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { checkDraft } from './connection-checks.ts'
import { known } from './connection-facts.ts'
import type { ConnectionDraft, Trial } from './connections-port.ts'

export type TestFacts = Trial

/** Of a test that somebody waits for, milliseconds. */
const LIMIT_MS = 60_000

export const testFacts = (trial: Trial): TestFacts => trial

/** The facts of a test that passed; throws `invalid_credential` or `upstream_failed` with what it found. */
export function passed(trial: Trial): TestFacts {
  if (trial.status === 'ok') return trial
  const { message = 'It does not work.' } = trial.problem ?? {}
  throw new GatewayError(
    trial.status === 'refused' ? 'invalid_credential' : 'upstream_failed',
    `The test failed, and nothing was stored. ${message}`,
    {
      data: { status: trial.status, latencyMs: trial.latencyMs, ...(trial.problem && { problem: trial.problem.code }) },
    },
  )
}

/** Connects once with what is stored. One that needed a person and works again is made anew. */
export async function testConnection(deps: AdminDeps, principal: Principal, id: string): Promise<TestFacts> {
  const deed = { type: 'connection.tested', kind: 'read', needs: 'admin', facts: { connection: id } } as const
  return asAdmin(deps, principal, deed, async () => {
    const { connections } = deps
    const trial = await connections.tryOut(known(connections, id), 'stored', AbortSignal.timeout(LIMIT_MS))
    const status = connections.statuses().find(({ connection }) => connection === id)
    if (trial.status === 'ok' && status?.enabled && status.state !== 'active') connections.restart(id)
    return trial
  })
}

export interface DraftTest {
  readonly draft: ConnectionDraft
  readonly fields?: Readonly<Record<string, Secret>> | undefined
}

/** Connects once with what would be stored; needs the same authority as storing it. */
export async function testDraft(
  deps: AdminDeps,
  principal: Principal,
  { draft, fields }: DraftTest,
): Promise<TestFacts> {
  const facts = { detail: { provider: draft.provider, method: draft.method } }
  const deed = { type: 'connection.tested', kind: 'read', needs: 'admin', facts } as const
  return asAdmin(deps, principal, deed, () => {
    const { connections } = deps
    const definition: ConnectionDefinition = { ...draft, slug: 'draft', origin: 'managed', version: 0 }
    checkDraft(connections, definition)
    connections.checkFields(definition, fields ?? {})
    return connections.tryOut(definition, { fields: fields ?? {} }, AbortSignal.timeout(LIMIT_MS))
  })
}
