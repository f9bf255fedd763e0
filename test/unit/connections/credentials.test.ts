import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { credentialWorld, definition, HOUR, MINUTE, never, tokenOf, tokenVendor } from './credential-world.ts'

const shared = async (options = {}) => {
  const world = await credentialWorld(options)
  const first = world.vendor.issue()
  await world.book.grant({ connection: 'mail', subject: 'shared', tokens: first, account: 'ann@example.com' })
  return { ...world, first, credentials: world.book.credentialsOf('mail')('shared') }
}

describe('a lease', () => {
  it('hands out what was granted, without a refresh while the token is good for more than five minutes', async () => {
    const { credentials, first, vendor, time } = await shared()
    time.now += 54 * MINUTE
    const lease = await credentials.lease(never)
    expect(tokenOf(lease)).toBe(first.accessToken.reveal())
    expect(lease).toMatchObject({ method: 'oauth', scopes: ['read'], captured: { cloudId: 'c1' } })
    expect(Object.keys(lease.fields)).toEqual(['access_token'])
    expect(vendor.refreshes.count).toBe(0)
  })

  it('refreshes five minutes ahead, keeps what the vendor did not repeat, and stores before it hands out', async () => {
    const { credentials, first, vendor, time, store } = await shared()
    time.now += 56 * MINUTE
    const release = vendor.hold()
    const wanted = credentials.lease(never)
    release()
    const lease = await wanted
    expect(tokenOf(lease)).not.toBe(first.accessToken.reveal())
    expect(lease.captured).toEqual({ cloudId: 'c1' })
    expect(vendor.refreshes.count).toBe(1)
    const again = await credentialWorld({ time, vendor })
    expect(again.trouble).toEqual([])
    expect(JSON.stringify(await store.list({ name: 'credentials', schema: anything }))).not.toContain('access-')
  })

  it('refreshes once for fifty calls at a time', async () => {
    const { credentials, vendor, time } = await shared()
    time.now += 56 * MINUTE
    const release = vendor.hold()
    const wanted = Array.from({ length: 50 }, () => credentials.lease(never))
    release()
    const tokens = new Set((await Promise.all(wanted)).map(tokenOf))
    expect([vendor.refreshes.count, tokens.size]).toEqual([1, 1])
  })

  it('refreshes once for two processes on one store', async () => {
    const [driver, key] = [memoryDriver(), randomBytes(32)]
    const one = await shared({ driver, key })
    const two = await credentialWorld({ driver, key, time: one.time, vendor: one.vendor })
    one.time.now += 56 * MINUTE
    const release = one.vendor.hold()
    const wanted = [one.book, two.book].flatMap((book) =>
      Array.from({ length: 25 }, () => book.credentialsOf('mail')('shared').lease(never)),
    )
    release()
    const tokens = new Set((await Promise.all(wanted)).map(tokenOf))
    expect([one.vendor.refreshes.count, tokens.size]).toEqual([1, 1])
  })

  it('uses a token with a short life for half of it', async () => {
    const time = { now: 1_000_000 }
    const { credentials, vendor } = await shared({ time, vendor: tokenVendor(() => time.now, MINUTE) })
    await credentials.lease(never)
    expect(vendor.refreshes.count).toBe(0)
    time.now += 31_000
    await credentials.lease(never)
    expect(vendor.refreshes.count).toBe(1)
  })

  it('goes on with a token that is still good when the vendor fails, and does not ask again at once', async () => {
    const { credentials, first, vendor, time, trouble } = await shared()
    vendor.failure = new GatewayError('upstream_failed', 'HTTP 503.')
    time.now += 56 * MINUTE
    expect(tokenOf(await credentials.lease(never))).toBe(first.accessToken.reveal())
    expect(tokenOf(await credentials.lease(never))).toBe(first.accessToken.reveal())
    expect([vendor.refreshes.count, trouble.length]).toEqual([1, 0])
    time.now += 31_000
    vendor.failure = undefined
    expect(tokenOf(await credentials.lease(never))).not.toBe(first.accessToken.reveal())
  })

  it('says when to try again when no good token is left, and tells that the connection is degraded', async () => {
    const { credentials, vendor, time, trouble } = await shared()
    vendor.failure = new GatewayError('oauth_failed', 'HTTP 503.')
    time.now += 61 * MINUTE
    const refusal = await credentials.lease(never).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'connection_unusable', data: { retryAfterMs: 5_000 } })
    expect(trouble).toMatchObject([{ connection: 'mail', error: { code: 'oauth_failed' } }])
    await expect(credentials.lease(never)).rejects.toMatchObject({ code: 'connection_unusable' })
    expect(vendor.refreshes.count).toBe(1)
    time.now += 5_000
    vendor.failure = undefined
    await credentials.lease(never)
  })

  it('marks a grant that has ended, for good', async () => {
    const { credentials, vendor, time, trouble, book } = await shared()
    vendor.failure = new GatewayError('invalid_grant', 'The user removed the app.')
    time.now += 61 * MINUTE
    const refusal = expect.objectContaining({
      code: 'connection_unusable',
      data: expect.objectContaining({ reauth: true }),
    })
    await expect(credentials.lease(never)).rejects.toEqual(refusal)
    await expect(credentials.lease(never)).rejects.toEqual(refusal)
    expect(vendor.refreshes.count).toBe(1)
    expect(trouble).toMatchObject([{ connection: 'mail', error: { data: { reauth: true } } }])
    expect((await book.all())[0]?.dead?.reason).toBe('The grant has ended: The user removed the app.')
    vendor.failure = undefined
    await book.grant({ connection: 'mail', subject: 'shared', tokens: vendor.issue() })
    expect(tokenOf(await credentials.lease(never))).toContain('access-')
  })

  it('says that a token has ended which nothing renews', async () => {
    const { credentials, book, vendor, time } = await shared()
    await book.grant({ connection: 'mail', subject: 'shared', tokens: vendor.issue({ refreshToken: undefined }) })
    time.now += 59 * MINUTE
    await credentials.lease(never)
    time.now += MINUTE
    await expect(credentials.lease(never)).rejects.toMatchObject({ data: { reauth: true } })
  })

  it('tolerates a clock that jumps ten minutes on: it refreshes early, once', async () => {
    const { credentials, time, vendor, first } = await shared()
    time.now += 50 * MINUTE + 10 * MINUTE
    expect(tokenOf(await credentials.lease(never))).not.toBe(first.accessToken.reveal())
    expect(tokenOf(await credentials.lease(never))).toContain('access-')
    expect(vendor.refreshes.count).toBe(1)
  })

  it('tolerates a clock that jumps ten minutes back: what the vendor then refuses is renewed, once', async () => {
    const { credentials, time, vendor, first } = await shared()
    time.now += HOUR - 10 * MINUTE
    const lease = await credentials.lease(never)
    expect(tokenOf(lease)).toBe(first.accessToken.reveal())
    expect(tokenOf(await credentials.renew(lease, never))).not.toBe(tokenOf(lease))
    expect(vendor.refreshes.count).toBe(1)
  })

  it('mints tokens for a client with a credential of its own', async () => {
    let minted = 0
    const source = {
      mint: () =>
        Promise.resolve({ accessToken: new Secret(`minted-${++minted}`), expiresAt: time.now + HOUR, captured: {} }),
    }
    const time = { now: 5 }
    const { book } = await credentialWorld({ source, time })
    await book.grant({ connection: 'mail', subject: 'shared', fields: { client_secret: new Secret('hush') } })
    const credentials = book.credentialsOf('mail')('shared')
    expect(tokenOf(await credentials.lease(never))).toBe('minted-1')
    const lease = await credentials.lease(never)
    expect(Object.keys(lease.fields)).toEqual(['access_token'])
    expect(tokenOf(await credentials.renew(lease, never))).toBe('minted-2')
    time.now += 2 * HOUR
    expect(tokenOf(await credentials.lease(never))).toBe('minted-3')
  })

  it('leaves others waiting when one of them goes away, and keeps the new token', async () => {
    const { credentials, vendor, time } = await shared()
    time.now += 61 * MINUTE
    const release = vendor.hold()
    const gone = new AbortController()
    const left = credentials.lease(gone.signal)
    const stays = credentials.lease(never)
    gone.abort()
    await expect(left).rejects.toMatchObject({ code: 'cancelled' })
    release()
    const token = tokenOf(await stays)
    expect(tokenOf(await credentials.lease(never))).toBe(token)
    expect(vendor.refreshes.count).toBe(1)
  })
})

describe('after the vendor refused a token', () => {
  it('refreshes once for all who ask, and uses what is newer already', async () => {
    const { credentials, vendor } = await shared()
    const refused = await credentials.lease(never)
    const renewed = await Promise.all(Array.from({ length: 20 }, () => credentials.renew(refused, never)))
    expect(new Set(renewed.map(tokenOf)).size).toBe(1)
    expect(tokenOf(await credentials.renew(refused, never))).toBe(tokenOf(renewed[0]))
    expect(vendor.refreshes.count).toBe(1)
  })

  it('has nothing newer for a key', async () => {
    const { book, trouble } = await credentialWorld({ connections: [definition({ method: 'token' })] })
    await book.grant({ connection: 'mail', subject: 'shared', fields: { token: new Secret('key-1') } })
    const credentials = book.credentialsOf('mail')('shared')
    const refused = await credentials.lease(never)
    expect(await credentials.renew(refused, never)).toBeUndefined()
    await credentials.report(refused, 'The service refused the key.')
    expect(trouble).toMatchObject([{ connection: 'mail', error: { data: { reauth: true } } }])
    expect((await credentials.lease(never)).fields['token']?.reveal()).toBe('key-1')
  })

  it('needs a person when the renewed one is refused too; an older one that is reported late harms nothing', async () => {
    const { credentials, trouble } = await shared()
    const first = await credentials.lease(never)
    const second = await credentials.renew(first, never)
    await credentials.report(first, 'The service refused the token.')
    expect(trouble).toEqual([])
    if (second) await credentials.report(second, 'The service refused the token.')
    expect(trouble).toHaveLength(1)
    await expect(credentials.lease(never)).rejects.toMatchObject({ data: { reauth: true } })
  })
})

describe('a credential belongs to one connection, person and target', () => {
  it('sends a person without one to a link, and never hands out the credential of another', async () => {
    const { book, vendor } = await credentialWorld({ connections: [definition({ credential: 'per_user' })] })
    await book.grant({ connection: 'mail', subject: { user: 'ann' }, tokens: vendor.issue() })
    const refusal = await book
      .credentialsOf('mail')({ user: 'bob' })
      .lease(never)
      .catch((error: unknown) => error)
    expect(refusal).toMatchObject({
      code: 'connect_required',
      data: { connection: 'mail', url: 'https://gw.example.com/connect/mail-bob' },
    })
    await expect(book.credentialsOf('mail')('shared').lease(never)).rejects.toMatchObject({ data: { reauth: true } })
    expect(tokenOf(await book.credentialsOf('mail')({ user: 'ann' }).lease(never))).toContain('access-')
  })

  it('sends a person whose grant has ended to the link, and troubles nobody else', async () => {
    const { book, vendor, trouble } = await credentialWorld({ connections: [definition({ credential: 'per_user' })] })
    await book.grant({ connection: 'mail', subject: { user: 'ann' }, tokens: vendor.issue() })
    const credentials = book.credentialsOf('mail')({ user: 'ann' })
    await credentials.report(await credentials.lease(never), 'The service refused the token.')
    await expect(credentials.lease(never)).rejects.toMatchObject({ code: 'connect_required' })
    expect(trouble).toEqual([])
  })

  it('is not sent to an address that was entered after it', async () => {
    const { credentials, connections } = await shared()
    connections.set('mail', definition({ baseUrl: 'https://evil.example.com' }))
    await expect(credentials.lease(never)).rejects.toMatchObject({ data: { reauth: true, reason: 'link' } })
  })

  it('is not handed out while the connection is off or deleted', async () => {
    const { credentials, connections } = await shared()
    for (const change of [{ enabled: false }, { deletedAt: 5 }]) {
      connections.set('mail', definition(change))
      await expect(credentials.lease(never)).rejects.toMatchObject({ code: 'connection_unusable' })
    }
  })

  it('does not open as the credential of somebody else when a row is moved', async () => {
    const { book, vendor, store } = await credentialWorld({ connections: [definition({ credential: 'per_user' })] })
    await book.grant({ connection: 'mail', subject: { user: 'ann' }, tokens: vendor.issue() })
    const collection = { name: 'credentials', schema: anything }
    const row = await store.get(collection, 'acme/mail/user:ann')
    await store.put(collection, 'acme/mail/user:bob', row?.value)
    await expect(book.credentialsOf('mail')({ user: 'bob' }).lease(never)).rejects.toMatchObject({
      code: 'store_unavailable',
    })
    await store.put(collection, 'acme/mail/user:bob', { ...toObject(row?.value), subject: 'user:bob' })
    await expect(book.credentialsOf('mail')({ user: 'bob' }).lease(never)).rejects.toMatchObject({
      code: 'vault_failed',
    })
  })

  it('is refused where it cannot belong', async () => {
    const { book, vendor } = await credentialWorld()
    const tokens = vendor.issue()
    const refused = { code: 'invalid_credential' }
    await expect(book.grant({ connection: 'mail', subject: { user: 'ann' }, tokens })).rejects.toMatchObject(refused)
    await expect(book.grant({ connection: 'mail', subject: 'shared' })).rejects.toMatchObject(refused)
    const huge = { token: new Secret('x'.repeat(65_537)) }
    await expect(book.grant({ connection: 'mail', subject: 'shared', fields: huge })).rejects.toMatchObject(refused)
    await expect(book.grant({ connection: 'nope', subject: 'shared', tokens })).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('the book of credentials', () => {
  it('tells what is stored without it', async () => {
    const { book } = await credentialWorld({ connections: [definition({ method: 'basic' })] })
    const fields = { username: new Secret('ann'), password: new Secret('correct horse battery') }
    await book.grant({ connection: 'mail', subject: 'shared', fields, by: 'user:root' })
    const [facts] = await book.facts('mail')
    expect(facts).toMatchObject({
      fields: { username: { set: true }, password: { set: true, last4: 'tery' } },
      by: 'user:root',
      refreshes: false,
    })
    expect(facts?.fields['username']).toEqual({ set: true })
  })

  it('knows what needs a person soon', async () => {
    const { book, vendor, time } = await credentialWorld({
      connections: [definition(), definition({ slug: 'chat' }), definition({ slug: 'cal' })],
    })
    const day = 24 * HOUR
    await book.grant({ connection: 'mail', subject: 'shared', tokens: vendor.issue() })
    const ends = vendor.issue({ refreshExpiresAt: time.now + 6 * day })
    await book.grant({ connection: 'chat', subject: 'shared', tokens: ends })
    const bare = vendor.issue({ refreshToken: undefined, expiresAt: time.now + 5 * day })
    await book.grant({ connection: 'cal', subject: 'shared', tokens: bare })
    const soon = await book.expiring(time.now + 7 * day)
    expect(soon.map(({ connection }) => connection)).toEqual(['cal', 'chat'])
    expect(await book.expiring(time.now + day)).toEqual([])
  })

  it('removes at once and ends at the vendor afterwards', async () => {
    const { book, credentials, vendor, first } = await shared()
    const { removed, atVendor } = await book.remove('mail')
    await expect(credentials.lease(never)).rejects.toMatchObject({ data: { reauth: true } })
    expect([removed, await atVendor, vendor.revoked]).toEqual([1, 1, [first.accessToken.reveal()]])
  })

  it('ends tokens that come for a credential which was removed meanwhile', async () => {
    const { book, credentials, vendor, time } = await shared()
    time.now += 61 * MINUTE
    const release = vendor.hold()
    const wanted = credentials.lease(never).catch((error: unknown) => error)
    await settledTurns()
    const { atVendor } = await book.remove('mail')
    await atVendor
    release()
    expect(await wanted).toMatchObject({ code: 'connection_unusable', data: { reauth: true } })
    expect(vendor.revoked).toHaveLength(2)
  })

  it('tells of every time that a person connected, and of no refresh', async () => {
    const { book, vendor, time, credentials } = await shared()
    const heard: string[] = []
    const stop = book.onGranted((connection) => void heard.push(connection))
    time.now += 61 * MINUTE
    await credentials.lease(never)
    await settledTurns()
    expect(heard).toEqual([])
    await book.grant({ connection: 'mail', subject: 'shared', tokens: vendor.issue() })
    await settledTurns()
    expect(heard).toEqual(['mail'])
    stop()
  })
})

const anything = { safeParse: (data: unknown) => ({ success: true, data }) } as never

const toObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})

const settledTurns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => void setImmediate(resolve))
}
