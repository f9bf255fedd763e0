import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import type { Collection, Store, Versioned } from '../store/store.ts'
import { type Random, randomBase62 } from './base62.ts'
import { readableRow } from './readable-row.ts'

const ID_LENGTH = 12
/** 256 bits: a plain SHA-256 of it cannot be guessed back, unlike that of a password. */
const SECRET_LENGTH = 43
const KEY = /^([a-z]+_)([0-9A-Za-z]{12})_([0-9A-Za-z]{43})$/
/** `lastUsedAt` is only as exact as this, so that calls do not write. */
const LAST_USED_STEP_MS = 600_000
/** Keys of one owner that work at the same time. */
const MOST_KEYS = 50
/** Compared with when there is no such key: both answers take as long. */
const NOBODY = hash('sha256', randomBytes(32), 'buffer')

/** What is stored of any key, besides whose it is. */
export const keyParts = {
  /** SHA-256 of the secret part, hexadecimal. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.number(),
  expiresAt: z.number().optional(),
  revokedAt: z.number().optional(),
  lastUsedAt: z.number().optional(),
  /** The person that the holder acts for. */
  user: z.string().optional(),
}
type KeyParts = z.infer<z.ZodObject<typeof keyParts>>

/** One kind of keys: what they begin with, where they are kept, and whose they are. */
export interface KeyKind<R extends KeyParts> {
  /** Tells scanners what leaked, and identity where to look. */
  readonly prefix: string
  readonly collection: Collection<R>
  ownerOf(row: R): string
  toRow(owner: string, parts: KeyParts): R
  /** How to get one, for somebody whose key is not known, and for an owner whose key has ended. */
  readonly advice: (owner?: string) => string
  /** What people call it: `API key`. */
  readonly title: string
}

/** What is known of a key; times are milliseconds since the epoch. The key itself is known to its owner only. */
export interface KeyTimes {
  readonly id: string
  readonly createdAt: number
  readonly expiresAt?: number
  /** To the nearest ten minutes. */
  readonly lastUsedAt?: number
  /** The person that the holder acts for. */
  readonly user?: string
}

export interface KeyOptions {
  /** Milliseconds since the epoch; never when left out. */
  readonly expiresAt?: number
  /** The person that the holder acts for: what it does is done with this person's accounts. */
  readonly user?: string
}

export interface IssuedKey {
  readonly id: string
  /** In this answer and nowhere else. */
  readonly key: Secret
}

/** The owner of a key that works. */
export interface KeyHolder {
  readonly owner: string
  readonly keyId: string
  readonly user?: string
}

export interface Rotation {
  /** When the new key ends, in milliseconds since the epoch; never when left out. */
  readonly expiresAt?: number
  /** How long the old key keeps working, milliseconds. */
  readonly overlapMs: number
}

export interface OwnedKeys {
  /** GatewayError `conflict` when the owner has as many as can be. */
  issue(owner: string, options?: KeyOptions): Promise<IssuedKey>
  /** Keys that were not revoked, of one owner or of all, oldest first. */
  list(owner?: string): readonly (KeyTimes & { readonly owner: string })[]
  /** Another key in place of this one, for the same person, which ends after the overlap. GatewayError `not_found` when it works no more. */
  rotate(id: string, rotation: Rotation): Promise<IssuedKey & { readonly owner: string }>
  /** False when there is no such key. Once it resolves, the key opens nothing. */
  revoke(id: string): Promise<boolean>
  /** How many of the owner's keys were revoked. */
  revokeAll(owner: string): Promise<number>
  /** Who holds a key, from memory and in constant time; otherwise GatewayError `unauthenticated`. */
  verify(key: string): KeyHolder
  /** Whether the key of this id still works, for sessions that it opened; otherwise GatewayError `unauthenticated`. */
  recheck(id: string): KeyHolder
  /** Stops following the store, after what is being written. */
  close(): Promise<void>
}

export interface KeyBookDeps {
  readonly store: Store
  readonly clock: Clock
  readonly random?: Random
}

/** Opens a book of keys: an index in memory that follows the store, also when another process writes. */
export async function openKeys<R extends KeyParts>(
  kind: KeyKind<R>,
  { store, clock, random = randomBytes }: KeyBookDeps,
): Promise<OwnedKeys> {
  const { collection, prefix, ownerOf } = kind
  const { index, keep, unwatch } = await follow(kind, store)
  const lastUsed = lastUsedWriter(kind, store, clock)

  const end = ender(kind, store, { index, keep })
  const works = ({ revokedAt, expiresAt }: KeyParts): boolean =>
    revokedAt === undefined && (expiresAt === undefined || expiresAt > clock())
  const listed: OwnedKeys['list'] = (owner) => listOf(kind, index, owner)
  const issue: OwnedKeys['issue'] = async (owner, options = {}) => {
    const working = [...index.values()].filter(({ value }) => works(value) && ownerOf(value) === owner)
    refuseMore(working.length, owner)
    const id = randomBase62(ID_LENGTH, random)
    const secret = randomBase62(SECRET_LENGTH, random)
    const parts = { hash: digest(secret).toString('hex'), createdAt: clock(), ...options }
    keep(await store.put(collection, id, kind.toRow(owner, parts), { ifVersion: 0 }))
    return { id, key: new Secret(`${prefix}${id}_${secret}`) }
  }
  const holder = (row: Versioned<R>): KeyHolder => {
    refuseEnded(kind, row.value, clock())
    lastUsed.note(row)
    return { owner: ownerOf(row.value), keyId: row.id, ...personOf(row.value) }
  }
  const revoke = (id: string): Promise<boolean> => end(id, { revokedAt: clock() })
  const rotate: OwnedKeys['rotate'] = async (id, { expiresAt, overlapMs }) => {
    const row = index.get(id)
    if (!row || !works(row.value)) throw new GatewayError('not_found', `There is no key "${id}" that still works.`)
    const owner = ownerOf(row.value)
    const next = await issue(owner, { ...personOf(row.value), ...(expiresAt !== undefined && { expiresAt }) })
    const until = Math.min(row.value.expiresAt ?? Number.POSITIVE_INFINITY, clock() + overlapMs)
    await end(id, overlapMs > 0 ? { expiresAt: until } : { revokedAt: clock() })
    return { ...next, owner }
  }
  return {
    issue,
    list: listed,
    rotate,
    revoke,
    async revokeAll(owner) {
      const revoked = await Promise.all(listed(owner).map(({ id }) => revoke(id)))
      return revoked.filter(Boolean).length
    },
    verify: (key) => holder(matching(kind, index, key)),
    recheck(id) {
      const row = index.get(id)
      if (!row) throw refused(`The key of this session is gone. ${kind.advice()}`)
      return holder(row)
    },
    async close() {
      unwatch()
      await lastUsed.written()
    },
  }
}

const listOf = <R extends KeyParts>(
  { ownerOf }: KeyKind<R>,
  index: ReadonlyMap<string, Versioned<R>>,
  owner: string | undefined,
): ReturnType<OwnedKeys['list']> =>
  [...index.values()]
    .filter(({ value }) => value.revokedAt === undefined && (owner === undefined || ownerOf(value) === owner))
    .map(({ id, value }) => ({ ...toTimes(id, value), owner: ownerOf(value) }))
    .toSorted((a, b) => a.createdAt - b.createdAt)

interface Held<R> {
  readonly index: Map<string, Versioned<R>>
  keep(row: Versioned<R>): void
}

/** Tries to change one row: as often as others may be writing to it at the same moment. */
const MOST_TRIES = 5

/**
 * Makes a key end, now or later. Only ever on top of the row as it is stored, so that a later end never takes back an earlier
 * one. False when the key is gone or was revoked.
 */
function ender<R extends KeyParts>({ collection }: KeyKind<R>, store: Store, { index, keep }: Held<R>) {
  return async (id: string, change: Pick<KeyParts, 'revokedAt'> | Pick<KeyParts, 'expiresAt'>): Promise<boolean> => {
    for (let tries = 1; ; tries++) {
      const row = index.get(id)
      if (!row || row.value.revokedAt !== undefined) return false
      try {
        keep(await store.put(collection, id, { ...row.value, ...change }, { ifVersion: row.version }))
        return true
      } catch (error) {
        const isConflict = error instanceof GatewayError && error.code === 'version_conflict'
        if (!isConflict || tries === MOST_TRIES) throw error
        const stored = await store.get(collection, id)
        if (stored) keep(stored)
        else index.delete(id)
      }
    }
  }
}

async function follow<R extends KeyParts>(
  { collection }: KeyKind<R>,
  store: Store,
): Promise<Held<R> & { readonly unwatch: () => void }> {
  const index = new Map<string, Versioned<R>>()
  const keep = (row: Versioned<R>): void => {
    if (row.version >= (index.get(row.id)?.version ?? 0)) index.set(row.id, row)
  }
  const unwatch = store.watch(collection, (change) => {
    const known = index.get(change.id)
    const row = readableRow(change)
    index.delete(change.id)
    if (row) keep(known && known.version > row.version ? known : row)
  })
  for (const row of await store.list(collection)) keep(row)
  return { index, keep, unwatch }
}

const digest = (secret: string): Buffer => hash('sha256', secret, 'buffer')

function matching<R extends KeyParts>(
  { prefix, title, advice }: KeyKind<R>,
  index: ReadonlyMap<string, Versioned<R>>,
  key: string,
): Versioned<R> {
  const [, begins = '', id = '', secret = ''] = KEY.exec(key) ?? []
  const row = begins === prefix ? index.get(id) : undefined
  const same = timingSafeEqual(digest(secret), row ? Buffer.from(row.value.hash, 'hex') : NOBODY)
  if (row && same) return row
  throw refused(`This is no valid ${title}. ${advice()}`)
}

/** Only the owner of the secret learns why it no longer works. */
function refuseEnded<R extends KeyParts>({ title, advice, ownerOf }: KeyKind<R>, row: R, now: number): void {
  const another = advice(ownerOf(row))
  if (row.revokedAt !== undefined) throw refused(`This ${title} was revoked. ${another}`)
  if (row.expiresAt !== undefined && row.expiresAt <= now) throw refused(`This ${title} has expired. ${another}`)
}

function refuseMore(count: number, owner: string): void {
  if (count < MOST_KEYS) return
  throw new GatewayError('conflict', `"${owner}" has ${MOST_KEYS} keys that work. Revoke one first.`)
}

const refused = (detail: string): GatewayError =>
  new GatewayError('unauthenticated', detail, { data: { error: 'invalid_token' } })

interface LastUsedWriter<R> {
  note(row: Versioned<R>): void
  written(): Promise<void>
}

function lastUsedWriter<R extends KeyParts>({ collection }: KeyKind<R>, store: Store, clock: Clock): LastUsedWriter<R> {
  const writing = new Map<string, Promise<unknown>>()
  return {
    note({ id, version, value }) {
      const now = clock()
      if (now - (value.lastUsedAt ?? 0) < LAST_USED_STEP_MS || writing.has(id)) return
      const put = store.put(collection, id, { ...value, lastUsedAt: now }, { ifVersion: version })
      // The time is a courtesy: a key that is revoked meanwhile stays revoked, and the next use tries again.
      const done = put.catch(() => undefined).finally(() => writing.delete(id))
      writing.set(id, done)
    },
    async written() {
      await Promise.all(writing.values())
    },
  }
}

const toTimes = (id: string, { createdAt, expiresAt, lastUsedAt, user }: KeyParts): KeyTimes => ({
  id,
  createdAt,
  ...(expiresAt === undefined ? {} : { expiresAt }),
  ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
  ...personOf({ user }),
})

const personOf = ({ user }: Pick<KeyParts, 'user'>): { readonly user?: string } => (user === undefined ? {} : { user })
