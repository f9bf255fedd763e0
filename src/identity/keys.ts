import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import { defineCollection, type Store, type Versioned } from '../store/store.ts'
import { type Random, randomBase62 } from './base62.ts'
import { readableRow } from './readable-row.ts'

/** What API keys begin with, so that scanners find one that leaked. */
export const KEY_PREFIX = 'gh_'
const ID_LENGTH = 12
/** 256 bits: a plain SHA-256 of it cannot be guessed back, unlike that of a password. */
const SECRET_LENGTH = 43
const KEY = /^gh_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})$/
/** `lastUsedAt` is only as exact as this, so that calls do not write. */
const LAST_USED_STEP_MS = 600_000
/** Compared with when there is no such key: both answers take as long. */
const NOBODY = createHash('sha256').update(randomBytes(32)).digest()

const keySchema = z.strictObject({
  agent: z.string(),
  /** SHA-256 of the secret part, hexadecimal. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.number(),
  expiresAt: z.number().optional(),
  revokedAt: z.number().optional(),
  lastUsedAt: z.number().optional(),
})
type KeyRow = z.infer<typeof keySchema>

export const keyCollection = defineCollection('keys', keySchema)

/** What is known of a key; times are milliseconds since the epoch. The key itself is known to its owner only. */
export interface KeyFacts {
  readonly id: string
  readonly agent: string
  readonly createdAt: number
  readonly expiresAt?: number
  /** To the nearest ten minutes. */
  readonly lastUsedAt?: number
}

export interface IssuedKey {
  readonly id: string
  /** In this answer and nowhere else. */
  readonly key: Secret
}

export interface KeyBook {
  issue(agent: string, options?: { readonly expiresAt?: number }): Promise<IssuedKey>
  /** Keys that were not revoked, of one agent or of all, oldest first. */
  list(agent?: string): Promise<readonly KeyFacts[]>
  /** False when there is no such key. Once it resolves, the key opens nothing. */
  revoke(id: string): Promise<boolean>
  /** How many of the agent's keys were revoked. */
  revokeAll(agent: string): Promise<number>
  /** The agent that a key belongs to, from memory and in constant time; otherwise GatewayError `unauthenticated`. */
  verify(key: string): string
  /** Stops following the store, after what is being written. */
  close(): Promise<void>
}

export interface KeyBookDeps {
  readonly store: Store
  readonly clock: Clock
  readonly random?: Random
}

/** Opens the book of API keys: an index in memory that follows the store, also when another process writes. */
export async function openKeyBook({ store, clock, random = randomBytes }: KeyBookDeps): Promise<KeyBook> {
  const index = new Map<string, Versioned<KeyRow>>()
  const keep = (row: Versioned<KeyRow>): void => {
    if (row.version >= (index.get(row.id)?.version ?? 0)) index.set(row.id, row)
  }
  const unwatch = store.watch(keyCollection, (change) => {
    const known = index.get(change.id)
    const row = readableRow(change)
    index.delete(change.id)
    if (row) keep(known && known.version > row.version ? known : row)
  })
  for (const row of await store.list(keyCollection)) keep(row)
  const lastUsed = lastUsedWriter(store, clock)

  const revoke = async (id: string): Promise<boolean> => {
    const row = index.get(id)
    if (!row || row.value.revokedAt !== undefined) return false
    keep(await store.put(keyCollection, id, { ...row.value, revokedAt: clock() }))
    return true
  }
  const live = (agent?: string): readonly KeyFacts[] =>
    [...index.values()]
      .filter(({ value }) => value.revokedAt === undefined && (agent === undefined || value.agent === agent))
      .map(toFacts)
      .toSorted((a, b) => a.createdAt - b.createdAt)

  return {
    async issue(agent, { expiresAt } = {}) {
      const id = randomBase62(ID_LENGTH, random)
      const secret = randomBase62(SECRET_LENGTH, random)
      const row = { agent, hash: digest(secret).toString('hex'), createdAt: clock(), expiresAt }
      keep(await store.put(keyCollection, id, row, { ifVersion: 0 }))
      return { id, key: new Secret(`${KEY_PREFIX}${id}_${secret}`) }
    },
    list: (agent) => Promise.resolve(live(agent)),
    revoke,
    async revokeAll(agent) {
      const revoked = await Promise.all(live(agent).map(({ id }) => revoke(id)))
      return revoked.filter(Boolean).length
    },
    verify(key) {
      const row = matching(index, key)
      refuseEnded(row.value, clock())
      lastUsed.note(row)
      return row.value.agent
    },
    async close() {
      unwatch()
      await lastUsed.written()
    },
  }
}

const digest = (secret: string): Buffer => createHash('sha256').update(secret).digest()

function matching(index: ReadonlyMap<string, Versioned<KeyRow>>, key: string): Versioned<KeyRow> {
  const [, id = '', secret = ''] = KEY.exec(key) ?? []
  const row = index.get(id)
  const same = timingSafeEqual(digest(secret), row ? Buffer.from(row.value.hash, 'hex') : NOBODY)
  if (row && same) return row
  throw refused('This is no valid API key. Ask an admin for one: gatehouse agent add <id>.')
}

/** Only the owner of the secret learns why it no longer works. */
function refuseEnded({ agent, revokedAt, expiresAt }: KeyRow, now: number): void {
  const another = `Ask an admin for another one: gatehouse agent add ${agent}.`
  if (revokedAt !== undefined) throw refused(`This API key was revoked. ${another}`)
  if (expiresAt !== undefined && expiresAt <= now) throw refused(`This API key has expired. ${another}`)
}

const refused = (detail: string): GatewayError =>
  new GatewayError('unauthenticated', detail, { data: { error: 'invalid_token' } })

interface LastUsedWriter {
  note(row: Versioned<KeyRow>): void
  written(): Promise<void>
}

function lastUsedWriter(store: Store, clock: Clock): LastUsedWriter {
  const writing = new Map<string, Promise<unknown>>()
  return {
    note({ id, version, value }) {
      const now = clock()
      if (now - (value.lastUsedAt ?? 0) < LAST_USED_STEP_MS || writing.has(id)) return
      const put = store.put(keyCollection, id, { ...value, lastUsedAt: now }, { ifVersion: version })
      // The time is a courtesy: a key that is revoked meanwhile stays revoked, and the next use tries again.
      const done = put.catch(() => undefined).finally(() => writing.delete(id))
      writing.set(id, done)
    },
    async written() {
      await Promise.all(writing.values())
    },
  }
}

const toFacts = ({ id, value: { agent, createdAt, expiresAt, lastUsedAt } }: Versioned<KeyRow>): KeyFacts => ({
  id,
  agent,
  createdAt,
  ...(expiresAt === undefined ? {} : { expiresAt }),
  ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
})
