import type { AdminDeps } from '../admin/admin.ts'
import { type AgentBook, openAgentBook } from '../identity/agents.ts'
import { type KeyBook, openKeyBook } from '../identity/keys.ts'
import { openPeopleBook, type PeopleBook } from '../identity/people.ts'
import { openPersonKeys, type PersonKeys } from '../identity/person-keys.ts'
import type { Clock } from '../kernel/clock.ts'
import type { McpHttp } from '../mcp/streamable-http.ts'
import type { Store } from '../store/store.ts'
import type { Closing } from './closing.ts'
import type { ConfigBook } from './config-book.ts'

/** Who is known here, and the keys that prove it. */
export interface Identities {
  readonly agents: AgentBook
  readonly keys: KeyBook
  readonly people: PeopleBook
  readonly personKeys: PersonKeys
}

export interface IdentitiesOptions {
  readonly store: Store
  readonly book: Pick<ConfigBook, 'agents' | 'people'>
  readonly clock: Clock
  readonly closing: Closing
}

/** Opens the books of agents, people and their keys; they follow the store until the house closes. */
export async function openIdentities({ store, book, clock, closing }: IdentitiesOptions): Promise<Identities> {
  const agents = await openAgentBook({ store, declared: book.agents })
  closing.add(agents.close)
  const keys = await openKeyBook({ store, clock })
  closing.add(keys.close)
  const people = await openPeopleBook({ store, declared: book.people })
  closing.add(people.close)
  const personKeys = await openPersonKeys({ store, clock })
  closing.add(personKeys.close)
  return { agents, keys, people, personKeys }
}

/** The books as admins change them: streams that an agent keeps open end with what opened them. */
export function endingStreams(
  { agents, keys }: Identities,
  mcp: Pick<McpHttp, 'terminate'>,
  /** Hears of each agent whose streams end, for processes that have calls of theirs. */
  onEnd: (agent: string) => void = () => undefined,
): Pick<AdminDeps, 'agents' | 'keys'> {
  const endStreamsOf = async (agent: string | undefined): Promise<void> => {
    if (agent === undefined) return
    onEnd(agent)
    await mcp.terminate((principal) => principal.agent === agent)
  }
  const agentOf = async (key: string): Promise<string | undefined> =>
    (await keys.list()).find(({ id }) => id === key)?.agent
  return {
    agents: {
      ...agents,
      async update(id, settings, ifVersion) {
        const agent = await agents.update(id, settings, ifVersion)
        if (!agent.enabled) await endStreamsOf(id)
        return agent
      },
      async remove(id, ifVersion) {
        await agents.remove(id, ifVersion)
        await endStreamsOf(id)
      },
    },
    keys: {
      ...keys,
      async revoke(id) {
        const agent = await agentOf(id)
        const isRevoked = await keys.revoke(id)
        await endStreamsOf(agent)
        return isRevoked
      },
      async revokeAll(agent) {
        const revoked = await keys.revokeAll(agent)
        await endStreamsOf(agent)
        return revoked
      },
    },
  }
}
