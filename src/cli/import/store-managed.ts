import { GatewayError } from '../../kernel/errors.ts'
import type { Json } from '../../kernel/json.ts'
import { type GatewayClient, withGateway } from '../gateway-client.ts'
import type { Shell } from '../shell.ts'
import { toManaged } from './managed.ts'
import type { Outcome } from './plan.ts'

export interface ManagedParts {
  readonly config: string | undefined
  /** As they stand in the client's file, by name. */
  readonly entries: ReadonlyMap<string, Json>
}

/** Stores what can be managed in the gateway, its credential in the vault; the rest stays as it was planned. */
export const storeManaged = (
  shell: Shell,
  planned: readonly Outcome[],
  { config, entries }: ManagedParts,
): Promise<readonly Outcome[]> =>
  withGateway(shell, { config }, async (gateway) => {
    const outcomes: Outcome[] = []
    for (const outcome of planned) outcomes.push(await stored(gateway, outcome, entries.get(outcome.name)))
    return outcomes
  })

async function stored(gateway: GatewayClient, outcome: Outcome, entry: Json | undefined): Promise<Outcome> {
  const body = outcome.result === 'added' ? toManaged(outcome, entry) : undefined
  if (!body) return outcome
  const { connection: _declared, ...rest } = outcome
  try {
    await gateway.ask('POST', '/connections', { body })
    return {
      ...rest,
      variables: [],
      notes: ['it is managed by the gateway; its credential is in the vault'],
      result: 'stored',
    }
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'conflict') throw error
    return { ...rest, variables: [], problems: [...rest.problems, error.message], result: 'collision' }
  }
}
