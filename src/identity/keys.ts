import * as z from 'zod'
import { defineCollection } from '../store/store.ts'
import {
  type IssuedKey,
  type KeyBookDeps,
  type KeyHolder,
  type KeyOptions,
  type KeyKind,
  keyParts,
  type KeyTimes,
  openKeys,
  type Rotation,
} from './key-book.ts'

/** What API keys of agents begin with, so that scanners find one that leaked. */
export const KEY_PREFIX = 'gh_'

const keySchema = z.strictObject({ agent: z.string(), ...keyParts })

export const keyCollection = defineCollection('keys', keySchema)

const AGENT_KEYS: KeyKind<z.infer<typeof keySchema>> = {
  prefix: KEY_PREFIX,
  collection: keyCollection,
  ownerOf: ({ agent }) => agent,
  toRow: (agent, parts) => ({ agent, ...parts }),
  advice: (agent) =>
    `Ask an admin for ${agent === undefined ? 'one' : 'another one'}: gatehouse agent add ${agent ?? '<id>'}.`,
  title: 'API key',
}

/** What is known of an agent's key. */
export interface KeyFacts extends KeyTimes {
  readonly agent: string
}

/** The keys of agents. */
export interface KeyBook {
  /** GatewayError `conflict` when the agent has as many as can be. */
  issue(agent: string, options?: KeyOptions): Promise<IssuedKey>
  /** Keys that were not revoked, of one agent or of all, oldest first. */
  list(agent?: string): Promise<readonly KeyFacts[]>
  /** Another key in place of this one, which ends after the overlap. GatewayError `not_found` when it works no more. */
  rotate(id: string, rotation: Rotation): Promise<IssuedKey & { readonly agent: string }>
  /** False when there is no such key. Once it resolves, the key opens nothing. */
  revoke(id: string): Promise<boolean>
  /** How many of the agent's keys were revoked. */
  revokeAll(agent: string): Promise<number>
  /** The agent that a key belongs to, and for whom it acts; in constant time. Else GatewayError `unauthenticated`. */
  verify(key: string): KeyHolder
  /** Stops following the store, after what is being written. */
  close(): Promise<void>
}

/** Opens the book of the agents' API keys. */
export async function openKeyBook(deps: KeyBookDeps): Promise<KeyBook> {
  const keys = await openKeys(AGENT_KEYS, deps)
  return {
    ...keys,
    list: (agent) => Promise.resolve(keys.list(agent).map(({ owner, ...times }) => ({ ...times, agent: owner }))),
    async rotate(id, rotation) {
      const { owner, ...issued } = await keys.rotate(id, rotation)
      return { ...issued, agent: owner }
    },
  }
}
