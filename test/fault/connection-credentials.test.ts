import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { GatewayError } from '../../src/kernel/errors.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { TokenSet } from '../../src/kernel/token-set.ts'
import type { TokenSource } from '../../src/connections/credential-deps.ts'
import { action, defineProvider, failureByStatus, oauth2, path } from '../../src/provider-kit/index.ts'
import { providerConnector } from '../../src/sources/provider-source.ts'
import type { Driver } from '../../src/store/driver.ts'
import { memoryDriver } from '../../src/store/memory-driver.ts'
import { fakeVendor, type FakeVendor } from '../helpers/fake-vendor.ts'
import { testEgress } from '../helpers/egress.ts'
import { exchange, principal } from '../helpers/test-gateway.ts'
import {
  credentialWorld,
  type CredentialWorldOptions,
  definition,
  HOUR,
  never,
  tokenOf,
  tokenVendor,
} from '../unit/connections/credential-world.ts'

const postbox = defineProvider({
  id: 'postbox',
  title: 'Postbox',
  docs: 'https://example.com/docs',
  baseUrl: 'https://api.postbox.example',
  auth: [
    oauth2({
      authorizeUrl: 'https://postbox.example/authorize',
      tokenUrl: 'https://postbox.example/token',
      refresh: 'rotating',
    }),
  ],
  failure: (reply) => failureByStatus(reply, { message: ['/message'] }),
  actions: {
    get_account: action({
      title: 'Get the account',
      description: 'Gets the account that is signed in.',
      docs: 'https://example.com/docs/account',
      effect: 'read',
      external: false,
      idempotent: true,
      scopes: [],
      input: z.strictObject({}),
      output: z.object({ user: z.string() }),
      request: () => ({ method: 'GET', path: path`/me` }),
    }),
  },
})

/** A service whose tokens belong to a person and end after some calls; a refresh token works once. */
interface Service extends TokenSource {
  readonly api: FakeVendor
  readonly refreshes: { count: number }
  /** Of requests with a token that nobody was given. */
  readonly strangers: { count: number }
  consent(user: string): TokenSet
}

async function service(usesOfAToken: number): Promise<Service> {
  const access = new Map<string, { readonly user: string; left: number }>()
  const refreshes = new Map<string, string>()
  const [counted, strangers] = [{ count: 0 }, { count: 0 }]
  const grant = (user: string): TokenSet => {
    const id = randomUUID()
    access.set(`access-${id}`, { user, left: usesOfAToken })
    refreshes.set(`refresh-${id}`, user)
    return {
      accessToken: new Secret(`access-${id}`),
      refreshToken: new Secret(`refresh-${id}`),
      expiresAt: 1_000_000_000_000_000,
      captured: {},
    }
  }
  const api = await fakeVendor((request, response) => {
    const known = access.get((request.headers.authorization ?? '').slice('Bearer '.length))
    if (!known) strangers.count += 1
    const isGood = known !== undefined && known.left > 0
    if (known) known.left -= 1
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isGood ? { user: known.user } : { message: 'The token has expired.' }))
  })
  onTestFinished(() => api[Symbol.asyncDispose]())
  return {
    api,
    refreshes: counted,
    strangers,
    consent: grant,
    async refresh(current) {
      counted.count += 1
      const token = current.refreshToken?.reveal() ?? ''
      const user = refreshes.get(token)
      if (user === undefined || !refreshes.delete(token)) throw new GatewayError('invalid_grant', 'Used before.')
      return grant(user)
    },
  }
}

const userIn = (result: unknown): unknown =>
  z.object({ structuredContent: z.object({ user: z.string() }) }).parse(result).structuredContent.user

describe('accounts of their own', () => {
  it('never mix: 5,000 interleaved calls of two people over one connection, with tokens that end all the time', async () => {
    const vendor = await service(40)
    const perUser = definition({ slug: 'mail', credential: 'per_user' })
    const { book } = await credentialWorld({ connections: [perUser], source: vendor })
    const { egress } = testEgress()
    onTestFinished(() => egress.close())
    for (const user of ['ann', 'bob']) {
      await book.grant({ connection: 'mail', subject: { user }, tokens: vendor.consent(user) })
    }
    const connector = providerConnector({
      connection: 'mail',
      provider: postbox,
      method: 'oauth',
      credentials: book.credentialsOf('mail'),
      ownership: 'per_user',
      baseUrl: vendor.api.url,
      allowPrivateNetwork: true,
      egress,
      clock: Date.now,
      version: '0',
    })
    const silent = () => undefined
    const events = { onTools: silent, onFeatures: silent, onResourceUpdated: silent, onLost: silent }
    const { source, close } = await connector.connect(events, never)
    onTestFinished(close)

    const answers = { ann: 0, bob: 0, foreign: 0, retry: 0 }
    const callAs = async (user: 'ann' | 'bob'): Promise<void> => {
      const who = principal('sidekick', { user, id: `agent:sidekick/user:${user}` })
      const answer = await source.callTool('get_account', {}, exchange(who)).then(userIn, (error: unknown) => error)
      if (answer === user) answers[user] += 1
      else if (answer instanceof GatewayError) answers.retry += 1
      else answers.foreign += 1
    }
    const CALLS = 5_000
    const WIDTH = 25
    for (let done = 0; done < CALLS; done += WIDTH) {
      await Promise.all(Array.from({ length: WIDTH }, (_, index) => callAs((done + index) % 2 === 0 ? 'ann' : 'bob')))
    }
    process.stdout.write(
      `two people: ${CALLS} calls, ${vendor.refreshes.count} refreshes, ${answers.foreign} foreign answers\n`,
    )
    expect(answers).toEqual({ ann: CALLS / 2, bob: CALLS / 2, foreign: 0, retry: 0 })
    expect(vendor.refreshes.count).toBeGreaterThan(50)
    expect(vendor.strangers.count).toBe(0)
    const nobody = source.callTool('get_account', {}, exchange(principal('sidekick', { user: 'eve' })))
    await expect(nobody).rejects.toMatchObject({ code: 'connect_required' })
  }, 120_000)
})

describe('a refresh that is interrupted', () => {
  const world = async (options: CredentialWorldOptions) => {
    const here = await credentialWorld(options)
    return { ...here, credentials: here.book.credentialsOf('mail')('shared') }
  }
  /** The driver, but for puts of credentials while `broken` says so. */
  const breakable = (inner: Driver, broken: { now: boolean }): Driver => ({
    ...inner,
    async put(collection, id, value, options) {
      if (broken.now && collection === 'credentials') throw new GatewayError('store_unavailable', 'The disk is gone.')
      return inner.put(collection, id, value, options)
    },
  })

  it('by a crash after the answer of the service is an honest reauth after the restart', async () => {
    const [inner, key, time, broken] = [memoryDriver(), randomBytes(32), { now: 1_000_000 }, { now: false }]
    const vendor = tokenVendor(() => time.now)
    const first = await world({ driver: breakable(inner, broken), key, time, vendor })
    await first.book.grant({ connection: 'mail', subject: 'shared', tokens: vendor.issue() })
    time.now += 2 * HOUR
    broken.now = true
    await expect(first.credentials.lease(never)).rejects.toMatchObject({ code: 'connection_unusable' })
    expect(vendor.refreshes.count).toBe(1)
    // The process ends here: what it had in memory is gone, and the row before is what is left.
    const second = await world({ driver: inner, key, time, vendor })
    await expect(second.credentials.lease(never)).rejects.toMatchObject({
      code: 'connection_unusable',
      data: { reauth: true, reason: 'reauth' },
    })
    expect(second.trouble).toMatchObject([{ connection: 'mail', error: { data: { reauth: true } } }])
    await second.book.grant({ connection: 'mail', subject: 'shared', tokens: vendor.issue() })
    expect(tokenOf(await second.credentials.lease(never))).toContain('access-')
  })

  it('by a full disk hands out nothing that is not stored, and loses nothing: the next try stores what was got', async () => {
    const [time, broken] = [{ now: 1_000_000 }, { now: false }]
    const vendor = tokenVendor(() => time.now)
    const { book, credentials, trouble } = await world({ driver: breakable(memoryDriver(), broken), time, vendor })
    await book.grant({ connection: 'mail', subject: 'shared', tokens: vendor.issue() })
    time.now += 2 * HOUR
    broken.now = true
    await expect(credentials.lease(never)).rejects.toMatchObject({ code: 'connection_unusable' })
    time.now += 6_000
    await expect(credentials.lease(never)).rejects.toMatchObject({ code: 'connection_unusable' })
    broken.now = false
    time.now += 6_000
    expect(tokenOf(await credentials.lease(never))).toContain('access-')
    expect(vendor.refreshes.count).toBe(1)
    expect(trouble.some(({ error }) => error.data['reauth'] === true)).toBe(false)
  })
})
