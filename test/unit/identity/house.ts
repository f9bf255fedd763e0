import { createIdentity, type Identity, type IdentityDeps } from '../../../src/identity/identity.ts'
import { type KeyBook, openKeyBook } from '../../../src/identity/keys.ts'
import type { Agent } from '../../../src/kernel/principal.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore } from '../../../src/store/store.ts'

export const resource = new URL('https://gw.example.com/mcp')

export const agent = (id: string, more: Partial<Agent> = {}): readonly [string, Agent] => [
  id,
  { id, groups: ['bots'], toolNames: 'portable', enabled: true, origin: 'declared', ...more },
]

export interface House {
  readonly identity: Identity
  readonly keys: KeyBook
  readonly agents: Map<string, Agent>
}

/** An identity with the agents `sidekick` and `off` (disabled), and a real key book. */
export async function house(more: Partial<IdentityDeps> = {}): Promise<House> {
  const keys = await openKeyBook({ store: openStore(memoryDriver()), clock: () => 1_000 })
  const agents = new Map([agent('sidekick'), agent('off', { enabled: false })])
  const identity = createIdentity({ agents: () => agents, keys, organisation: 'acme', resource, ...more })
  return { identity, keys, agents }
}
