import type { Clock, NewId } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import type { Store, Versioned } from '../store/store.ts'
import { EMPTY_POLICY, policyHash, policyText, readPolicy } from './policy-document.ts'
import { POINTER, policyPointer, type PolicyRow, policyRows } from './policy-row.ts'

/** A version of the managed policy, its text included. Version 0 is the empty one, before anybody saved anything. */
export interface PolicyVersion extends Omit<PolicyRow, 'author' | 'at' | 'tests' | 'lint' | 'impact'> {
  readonly author?: string
  readonly at?: number
  readonly tests?: PolicyRow['tests']
  readonly lint?: PolicyRow['lint']
  readonly impact?: PolicyRow['impact']
}

/** The version that the store says is in force. */
export interface ActivePolicy {
  readonly version: PolicyVersion
  /** Undefined when its text is no policy for this gateway; `problem` says why. */
  readonly document: PolicyDocument | undefined
  readonly problem?: string
}

export type PolicyDraft = Omit<PolicyRow, 'version' | 'text' | 'hash' | 'parent' | 'at'> & {
  readonly document: PolicyDocument
}

/** The managed policy and its history, kept in the store. */
export interface PolicyBook {
  /** From memory; the same object until another version is in force. */
  active(): ActivePolicy
  /** Newest first, at most 200 of them, each once. */
  versions(): Promise<readonly PolicyVersion[]>
  read(version: number): Promise<PolicyVersion | undefined>
  /** One after the other: what is checked inside is still so when it is saved. */
  exclusive<T>(work: () => Promise<T>): Promise<T>
  /**
   * Keeps the draft as the next version and puts it into force: durable first, then for calls. In force for every call that
   * begins after it resolves. Throws `version_conflict` when another process was faster.
   */
  activate(draft: PolicyDraft): Promise<PolicyVersion>
  close(): void
}

export interface PolicyBookDeps {
  readonly store: Store
  readonly clock: Clock
  readonly newId: NewId
  /** Called when another version is in force; resolves when calls are decided by it. */
  readonly onChanged: () => Promise<void>
  /** Another process changed the policy, and it cannot be read. */
  readonly onLost: (error: unknown) => void
}

/** Versions that are kept, and their characters in all: the embedded store writes everything that it has at once. */
const MOST_VERSIONS = 200
const MOST_CHARACTERS = 16 * 1_048_576

export const policyTag = ({ version, hash }: Pick<PolicyVersion, 'version' | 'hash'>): string =>
  `${version}-${hash.slice(0, 16)}`

/** Opens the managed policy; it follows the store until it is closed. */
export async function policyBook({ store, clock, newId, onChanged, onLost }: PolicyBookDeps): Promise<PolicyBook> {
  let held = await readActive(store)
  const take = async (): Promise<void> => {
    const now = await readActive(store)
    if (now.id !== held.id) {
      held = now
      await onChanged()
    }
  }
  const unwatch = store.watch(policyPointer, ({ row }) => {
    if (row?.value.row !== held.id && row?.value.row !== writing) take().catch(onLost)
  })
  let writing: string | undefined
  const keep = async (row: PolicyRow): Promise<void> => {
    const id = `${String(row.version).padStart(12, '0')}-${newId()}`
    await store.put(policyRows, id, row, { ifVersion: 0 })
    try {
      writing = id
      await store.put(policyPointer, POINTER, { row: id, version: row.version }, { ifVersion: held.pointer })
    } catch (error) {
      await store.delete(policyRows, id)
      throw error
    } finally {
      writing = undefined
    }
  }
  return {
    active: () => held.active,
    async versions() {
      const rows = await history(store, held)
      return [...rows.map(({ value }) => value), NOTHING_YET]
    },
    async read(version) {
      if (version === 0) return NOTHING_YET
      return (await history(store, held)).find(({ value }) => value.version === version)?.value
    },
    exclusive: (work) => store.withLock('policy', work),
    async activate({ document, ...draft }) {
      const text = policyText(document)
      const parent = held.active.version.version
      await makeRoom(store, held, text.length)
      await keep({ ...draft, version: parent + 1, text, hash: policyHash(text), parent, at: clock() })
      await take()
      await forgetRivals(store, held)
      return held.active.version
    },
    close: unwatch,
  }
}

interface Held {
  /** Of the row in force; undefined while there is none. */
  readonly id: string | undefined
  /** The pointer's own version in the store; 0 while there is none. */
  readonly pointer: number
  readonly active: ActivePolicy
}

const EMPTY_TEXT = policyText(EMPTY_POLICY)
const NOTHING_YET: PolicyVersion = { version: 0, text: EMPTY_TEXT, hash: policyHash(EMPTY_TEXT), parent: 0 }
const NOTHING: ActivePolicy = { version: NOTHING_YET, document: EMPTY_POLICY }

async function readActive(store: Store): Promise<Held> {
  const pointer = await store.get(policyPointer, POINTER)
  if (!pointer) return { id: undefined, pointer: 0, active: NOTHING }
  const { row: id, version } = pointer.value
  const row = await store.get(policyRows, id)
  const active = row ? readRow(row.value) : lost(version)
  return { id, pointer: pointer.version, active }
}

function readRow(version: PolicyRow): ActivePolicy {
  try {
    if (policyHash(version.text) !== version.hash) return broken(version, 'its text is not the one that was saved')
    return { version, document: readPolicy({ document: JSON.parse(version.text) }).document }
  } catch (error) {
    return broken(version, error instanceof Error ? error.message : 'its text is no JSON')
  }
}

const lost = (version: number): ActivePolicy =>
  broken({ version, text: '', hash: '', parent: 0 }, 'its text is not in the store')

const broken = (version: PolicyVersion, problem: string): ActivePolicy => ({ version, document: undefined, problem })

/** Newest first. A row that was written and never came into force, because the process died, is none of the history. */
async function history(store: Store, { id, active }: Held): Promise<readonly Versioned<PolicyRow>[]> {
  const rows = await store.list(policyRows)
  const isPast = (row: Versioned<PolicyRow>): boolean => row.id === id || row.value.version < active.version.version
  return rows.filter(isPast).toReversed()
}

/** Forgets the oldest versions. Touches nothing but the past: another process may be saving the next one. */
async function makeRoom(store: Store, held: Held, more: number): Promise<void> {
  if (more > MOST_CHARACTERS / 4) {
    throw new GatewayError(
      'payload_too_large',
      `A managed policy has at most ${MOST_CHARACTERS / 4} characters. Declare parts of it in gateway.config.json.`,
    )
  }
  let characters = more
  for (const [index, { id, value }] of (await history(store, held)).entries()) {
    characters += value.text.length
    const isKept = index < MOST_VERSIONS - 1 && characters <= MOST_CHARACTERS
    if (!isKept && id !== held.id) await store.delete(policyRows, id)
  }
}

/** Forgets the texts that wanted to be the version which is in force now, and are not. */
async function forgetRivals(store: Store, { id: own, active }: Held): Promise<void> {
  for (const { id, value } of await store.list(policyRows)) {
    if (value.version === active.version.version && id !== own) await store.delete(policyRows, id)
  }
}
