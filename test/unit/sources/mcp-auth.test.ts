import { describe, expect, it, onTestFinished } from 'vitest'
import type { GatewayError } from '../../../src/kernel/errors.ts'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import type { ToolResult } from '../../../src/kernel/tool.ts'
import { type GuardedServer, guardedServer, type Judge } from '../../fakes/downstream/guarded-server.ts'
import { ALL } from './callers.ts'
import { always, leaseOf, type TestCredentials, tokensOf } from './mcp-auth-credentials.ts'
import { anExchange, bin, connect, http, mcpDeps } from './mcp-fixture.ts'

const ERAS = ['legacy', 'modern'] as const
type Era = (typeof ERAS)[number]

async function guarded(era: Era, judge: Judge = () => undefined): Promise<GuardedServer> {
  const server = await guardedServer(era)
  server.judge = judge
  onTestFinished(() => server.close())
  return server
}

const only =
  (...tokens: readonly string[]): Judge =>
  (authorization) =>
    tokens.includes(authorization?.replace('Bearer ', '') ?? '')
      ? undefined
      : { status: 401, challenge: 'Bearer error="invalid_token", scope="read"' }

/** Somebody who acts for a person, and can be asked. */
const actingFor = (user: string | undefined, agent = 'sidekick', era: Era = 'legacy'): Partial<Exchange> => ({
  principal: { ...anExchange().principal, id: `agent:${agent}/user:${user}`, ...(user !== undefined && { user }) },
  protocol: { era, version: era === 'legacy' ? '2025-11-25' : '2026-07-28', capabilities: ALL },
  ask: () => Promise.resolve({}),
})

const shared = ({ of }: TestCredentials) => ({ auth: { credentials: of, ownership: 'shared' as const } })
const perUser = ({ of }: TestCredentials) => ({ auth: { credentials: of, ownership: 'per_user' as const } })
const said = (result: ToolResult): unknown => (result.content[0] as { text?: string } | undefined)?.text
const failure = (work: Promise<unknown>): Promise<GatewayError> =>
  work.then(
    () => Promise.reject(new Error('it worked')),
    (error: GatewayError) => error,
  )

describe.each(ERAS)('a credential of a %s server', (era) => {
  it.each([
    ['bearer', { token: 't0ken' }, 'authorization', 'Bearer t0ken'],
    ['oauth', { access_token: 't0ken' }, 'authorization', 'Bearer t0ken'],
    ['basic', { username: 'ann', password: 'p:w' }, 'authorization', `Basic ${btoa('ann:p:w')}`],
    ['key', { header: 'X-Api-Key', key: 'k3y' }, 'x-api-key', 'k3y'],
  ])('travels in the header of its method: %s', async (method, fields, header, value) => {
    const server = await guarded(era)
    const session = await connect(http(server.url), {
      auth: { credentials: always(leaseOf(method, fields)), ownership: 'shared' },
    })
    expect(server.headers()[header]).toBe(value)
    await session.call('whoami')
    expect(server.headers()[header]).toBe(value)
  })

  it('is the same on the quick way of calls and on the complete one', async () => {
    const server = await guarded(era, only('a'))
    for (const deps of [mcpDeps(), mcpDeps({ post: undefined })]) {
      const session = await connect(http(server.url), shared(tokensOf({ shared: ['a'] })), deps)
      expect(said(await session.call('whoami'))).toBe('Bearer a')
    }
    expect(new Set(server.seen)).toEqual(new Set(['Bearer a']))
  })

  it('is renewed once after a 401, and the request is sent once more', async () => {
    const server = await guarded(era, only('a'))
    const credentials = tokensOf({ shared: ['a', 'b'] })
    const session = await connect(http(server.url), shared(credentials))
    server.judge = only('b')
    expect(said(await session.call('whoami'))).toBe('Bearer b')
    expect(credentials).toMatchObject({ renewals: ['shared'], reports: [] })
  })

  it('that is refused again is reported, and a person has to connect', async () => {
    const server = await guarded(era, only('a'))
    const credentials = tokensOf({ shared: ['a', 'b', 'c'] })
    const session = await connect(http(server.url), shared(credentials))
    server.judge = only('z')
    server.seen.length = 0
    const error = await failure(session.call('whoami'))
    expect(error).toMatchObject({ code: 'connection_unusable', data: { reauth: true, scopes: ['read'] } })
    expect(server.seen.slice(0, 2)).toEqual(['Bearer a', 'Bearer b'])
    expect(credentials.reports).toEqual(['shared: The server refused the credential (HTTP 401).'])
    expect(session.losses.map(({ code, data }) => [code, data['reauth']])).toEqual([['connection_unusable', true]])
  })

  it('is told apart from one that may not do this: the scopes to ask for are told, and the connection stays', async () => {
    const server = await guarded(era)
    const session = await connect(http(server.url), shared(tokensOf({ shared: ['a', 'b'] }, ['read'])))
    server.judge = () => ({ status: 403, challenge: 'Bearer error="insufficient_scope", scope="write admin"' })
    const error = await failure(session.call('whoami'))
    expect(error).toMatchObject({
      code: 'insufficient_scope',
      data: { scopes: ['read', 'write', 'admin'], missing: ['write', 'admin'] },
    })
    server.judge = () => undefined
    expect(said(await session.call('whoami'))).toBe('Bearer a')
    expect(session.losses).toEqual([])
  })

  it('that HTTP cannot carry never leaves, nor does its value', async () => {
    const server = await guarded(era)
    const credentials = always(leaseOf('bearer', { token: 'line\r\nx-evil: 1' }))
    const error = await failure(connect(http(server.url), { auth: { credentials, ownership: 'shared' } }))
    expect(error.code).toBe('invalid_credential')
    expect(`${error.message} ${JSON.stringify(error.data)}`).not.toContain('evil')
    expect(server.seen).toEqual([])
  })
})

describe.each(ERAS)('where everybody brings an account of their own to a %s server', (era) => {
  it('every call runs with the credential of its own person, in 400 calls at a time', async () => {
    const users = ['ann', 'bob', 'cy', 'dee']
    const server = await guarded(era, only('lister', ...users))
    const credentials = tokensOf({ shared: ['lister'], ...Object.fromEntries(users.map((user) => [user, [user]])) })
    const session = await connect(http(server.url), perUser(credentials))
    const calls = Array.from({ length: 400 }, (_, index) => users[index % users.length] ?? '')
    const answers = await Promise.all(
      calls.map((user, index) => session.call('whoami', {}, actingFor(user, `agent${index % 3}`, era))),
    )
    expect(answers.map(said)).toEqual(calls.map((user) => `Bearer ${user}`))
  })

  it('a person without an account is told to connect, and an agent that acts for nobody too', async () => {
    const server = await guarded(era, only('lister', 'ann'))
    const session = await connect(http(server.url), perUser(tokensOf({ shared: ['lister'], ann: ['ann'] })))
    server.seen.length = 0
    expect((await failure(session.call('whoami', {}, actingFor('eve', 'x', era)))).code).toBe('connect_required')
    expect((await failure(session.call('whoami', {}, actingFor(undefined, 'x', era)))).code).toBe('connect_required')
    expect(server.seen).toEqual([])
    expect(said(await session.call('whoami', {}, actingFor('ann', 'x', era)))).toBe('Bearer ann')
  })

  it("one person's dead credential is that person's trouble alone", async () => {
    const server = await guarded(era, only('lister', 'ann', 'bob'))
    const credentials = tokensOf({ shared: ['lister'], ann: ['ann'], bob: ['bob'] })
    const session = await connect(http(server.url), perUser(credentials))
    await session.call('whoami', {}, actingFor('bob', 'x', era))
    server.judge = only('lister', 'ann')
    const error = await failure(session.call('whoami', {}, actingFor('bob', 'x', era)))
    expect(error).toMatchObject({ code: 'connection_unusable', data: { reauth: true } })
    expect(said(await session.call('whoami', {}, actingFor('ann', 'x', era)))).toBe('Bearer ann')
    expect(session.losses).toEqual([])
    expect(credentials.reports.map((report) => report.split(':')[0])).toContain('bob')
    expect(credentials.reports.filter((report) => !report.startsWith('bob:'))).toEqual([])
  })

  it('changes of resources are not followed with the credential of another', async () => {
    const server = await guarded(era)
    const session = await connect(http(server.url), perUser(tokensOf({ shared: ['lister'], ann: ['ann'] })))
    const asked = session.request('resources/subscribe', { uri: 'x://y' }, actingFor('ann', 'x', era))
    expect((await failure(asked)).code).toBe('upstream_refused')
  })
})

describe('a credential of a process', () => {
  it('is its environment, and nobody else sees it', async () => {
    const transport = { kind: 'stdio' as const, command: bin('mcp-server-everything'), args: ['stdio'], env: {} }
    const session = await connect(transport, {
      auth: { credentials: always(leaseOf('env', { PLANTED: 'c4nary' })), ownership: 'shared' },
    })
    expect(JSON.stringify(await session.call('get-env'))).toContain('c4nary')
  })
})
