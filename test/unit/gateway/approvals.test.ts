import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { AuditEvent } from '../../../src/kernel/audit.ts'
import { asking, approvalWorld, testVault } from '../../helpers/approvals.ts'
import { ECHO, exchange, principal } from '../../helpers/test-gateway.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore } from '../../../src/store/store.ts'
import { sourceTool } from '../../helpers/tools.ts'

const WRITE = 'conn:notes:write_note'
const DELETE = 'conn:notes:delete_note'
const REQUIRED = { code: 'approval_required' }

describe('a call that needs approval', () => {
  it('waits, and runs once with the very arguments that were approved', async () => {
    const { gateway, approve, newest, queue } = await approvalWorld({ policy: asking() })
    const error: unknown = await gateway
      .call('sidekick', WRITE, { text: 'hello', to: ['a'] })
      .catch((failure) => failure)
    const { id } = newest()
    expect(error).toMatchObject({ ...REQUIRED, data: { approval: id, url: `https://gateway.test/approve/${id}` } })
    expect(gateway.sent).toEqual([])
    await approve()
    await expect(gateway.call('sidekick', WRITE, { to: ['a'], text: 'hello' })).resolves.toMatchObject({
      content: [{}],
    })
    expect(gateway.sent).toHaveLength(1)
    expect(queue.list()).toMatchObject([{ state: 'consumed', outcome: 'ok' }])
    await expect(gateway.call('sidekick', WRITE, { to: ['a'], text: 'hello' })).rejects.toMatchObject(REQUIRED)
    expect(gateway.sent).toHaveLength(1)
    expect(queue.list()).toHaveLength(2)
  })

  it('is the same request however often it is asked for', async () => {
    const { gateway, queue } = await approvalWorld({ policy: asking() })
    const calls = Array.from({ length: 10 }, () =>
      gateway.call('sidekick', WRITE, { n: 1 }).catch((error: unknown) => error),
    )
    const ids = (await Promise.all(calls)).map((error) =>
      error instanceof GatewayError ? error.data['approval'] : error,
    )
    expect(new Set(ids).size).toBe(1)
    expect(queue.list()).toHaveLength(1)
  })

  it('cannot flood the queue: pending calls are capped for each agent and in all', async () => {
    const { gateway, queue } = await approvalWorld({
      policy: asking(),
      agents: [{ id: 'sidekick' }, { id: 'ci' }],
      limits: { perAgent: 3, total: 4 },
    })
    const ask = (agent: string, n: number) => gateway.call(agent, WRITE, { n })
    for (const n of [1, 2, 3]) await expect(ask('sidekick', n)).rejects.toMatchObject(REQUIRED)
    await expect(ask('sidekick', 4)).rejects.toMatchObject({ code: 'overloaded' })
    await expect(ask('ci', 1)).rejects.toMatchObject(REQUIRED)
    await expect(ask('ci', 2)).rejects.toMatchObject({ code: 'overloaded' })
    expect(queue.list()).toHaveLength(4)
    gateway.clock.now += 15 * 60_000
    await expect(ask('sidekick', 5)).rejects.toMatchObject(REQUIRED)
  })

  it('is refused when its arguments are longer than a person reads', async () => {
    const { gateway, queue } = await approvalWorld({ policy: asking() })
    await expect(gateway.call('sidekick', WRITE, { text: 'x'.repeat(70_000) })).rejects.toMatchObject({
      code: 'payload_too_large',
    })
    expect(queue.list()).toEqual([])
  })

  it('is refused where nobody can be asked', async () => {
    const { gateway } = await approvalWorld({ policy: asking() })
    const alone = { ...gateway.deps, approvals: undefined }
    const { callTool } = await import('../../../src/gateway/call-tool.ts')
    await expect(
      callTool(alone, { name: WRITE, arguments: {} }, exchange(principal('sidekick'))),
    ).rejects.toMatchObject(REQUIRED)
    expect(gateway.sent).toEqual([])
  })

  it('counts against limits when it is asked for, and not again when it is approved', async () => {
    const rateLimit = { limit: 1, window: '1h' }
    const { gateway, approve } = await approvalWorld({ policy: asking({ ttl: '1h' }, { rateLimit }) })
    await expect(gateway.call('sidekick', WRITE, { n: 1 })).rejects.toMatchObject(REQUIRED)
    await expect(gateway.call('sidekick', WRITE, { n: 2 })).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
    await approve()
    await gateway.call('sidekick', WRITE, { n: 1 })
    expect(gateway.sent).toHaveLength(1)
  })

  it('goes on after a server asked back, and still serves once', async () => {
    const answers = [{ resultType: 'input_required', content: [], requestState: 's' }, { content: [] }, { content: [] }]
    const { gateway, approve, queue } = await approvalWorld({
      policy: asking(),
      connections: { notes: { ...ECHO, run: () => answers.shift() ?? { content: [] } } },
    })
    await gateway.call('sidekick', WRITE).catch(() => undefined)
    await approve()
    await gateway.call('sidekick', WRITE)
    expect(queue.list()).toMatchObject([{ state: 'approved' }])
    await gateway.call('sidekick', WRITE, {}, { resumption: { requestState: 's' } })
    expect(queue.list()).toMatchObject([{ state: 'consumed', outcome: 'ok' }])
    await expect(gateway.call('sidekick', WRITE, {}, { resumption: { requestState: 's' } })).rejects.toMatchObject(
      REQUIRED,
    )
    expect(gateway.sent).toHaveLength(2)
  })

  it('keeps its approval when there was no account to send it with, and loses it when nobody knows what became of it', async () => {
    const failures = [
      new GatewayError('connect_required', 'Connect first.'),
      new GatewayError('upstream_timeout', 'Silence.'),
    ]
    const { gateway, approve, queue } = await approvalWorld({
      policy: asking(),
      connections: {
        notes: {
          ...ECHO,
          run: () => {
            throw failures.shift() ?? new Error('asked too often')
          },
        },
      },
    })
    await gateway.call('sidekick', WRITE).catch(() => undefined)
    await approve()
    await expect(gateway.call('sidekick', WRITE)).rejects.toMatchObject({ code: 'connect_required' })
    expect(queue.list()).toMatchObject([{ state: 'approved' }])
    await expect(gateway.call('sidekick', WRITE)).rejects.toMatchObject({ code: 'upstream_timeout' })
    expect(queue.list()).toMatchObject([{ state: 'consumed', outcome: 'unknown' }])
    await expect(gateway.call('sidekick', WRITE)).rejects.toThrow(/what became of it is not known/)
  })
})

describe('an approval', () => {
  const approved = async (input: object = { n: 1 }) => {
    const world = await approvalWorld({ policy: asking(), agents: [{ id: 'sidekick' }, { id: 'ci' }] })
    await world.gateway.call('sidekick', WRITE, input).catch(() => undefined)
    await world.approve()
    return world
  }
  const refuses = async ({ gateway }: Awaited<ReturnType<typeof approved>>, call: Promise<unknown>) => {
    await expect(call).rejects.toMatchObject(REQUIRED)
    expect(gateway.sent).toEqual([])
  }

  it.each([
    ['a changed argument', WRITE, { n: 2 }],
    ['an added argument', WRITE, { n: 1, bcc: 'eve@evil.test' }],
    ['a number as text', WRITE, { n: '1' }],
    ['another tool', DELETE, { n: 1 }],
  ])('does not serve %s', async (_what, tool, input) => {
    const world = await approved()
    await refuses(world, world.gateway.call('sidekick', tool, input))
  })

  it('does not serve another agent, nor the same agent for another user', async () => {
    const world = await approved()
    await refuses(world, world.gateway.call('ci', WRITE, { n: 1 }))
    const forAnn = principal('sidekick', { id: 'agent:sidekick/user:ann', user: 'ann' })
    await refuses(world, world.gateway.call('sidekick', WRITE, { n: 1 }, { principal: forAnn }))
    const elsewhere = principal('sidekick', { organisation: 'evil' })
    await refuses(world, world.gateway.call('sidekick', WRITE, { n: 1 }, { principal: elsewhere }))
  })

  it('does not serve after its time', async () => {
    const world = await approved()
    world.gateway.clock.now += 15 * 60_000
    await refuses(world, world.gateway.call('sidekick', WRITE, { n: 1 }))
    expect(world.queue.list().map(({ state }) => state)).toEqual(['pending', 'expired'])
  })

  it('does not serve another definition of the tool', async () => {
    const world = await approved()
    const [read, write, ...others] = ECHO.tools
    const changed = { ...write, definition: { ...write?.definition, description: 'Also deletes everything.' } }
    world.gateway.swap({ connections: { notes: { tools: [read, changed, ...others] as typeof ECHO.tools } } })
    await refuses(world, world.gateway.call('sidekick', WRITE, { n: 1 }))
  })

  it.each([
    ['other approvers', { approvers: ['owners'] }],
    ['more people', { quorum: 2 }],
    ['the user itself', { allowSelf: true }],
  ])('does not serve a rule that asks for %s by now', async (_what, change) => {
    const world = await approved()
    const policy = asking(change)
    world.gateway.swap({ policy: { ...policy, groups: { ...policy.groups, owners: {} } } })
    await refuses(world, world.gateway.call('sidekick', WRITE, { n: 1 }))
    expect(world.queue.list().map(({ state }) => state)).toEqual(['pending', 'expired'])
  })

  it('does not serve a second rule that asks for somebody else besides', async () => {
    const world = await approved()
    const { rules, groups } = asking()
    const more = { id: 'ask-more', effect: 'require', obligations: { approval: { approvers: ['owners'] } } }
    world.gateway.swap({ policy: { groups: { ...groups, owners: {} }, rules: [...rules, more] } })
    await refuses(world, world.gateway.call('sidekick', WRITE, { n: 1 }))
  })

  it('does not serve a rule that gives less time by now', async () => {
    const world = await approved()
    world.gateway.clock.now += 6 * 60_000
    world.gateway.swap({ policy: asking({ ttl: '5m' }) })
    await refuses(world, world.gateway.call('sidekick', WRITE, { n: 1 }))
  })

  it('does not help against a deny that came meanwhile', async () => {
    const world = await approved()
    const { rules, groups } = asking()
    const deny = { id: 'no', effect: 'deny', args: { '/n': { equals: 1 } } }
    world.gateway.swap({ policy: { groups, rules: [...rules, deny] } })
    await expect(world.gateway.call('sidekick', WRITE, { n: 1 })).rejects.toMatchObject({ code: 'denied' })
    expect(world.gateway.sent).toEqual([])
  })

  it('serves one of many calls at once', async () => {
    const world = await approved()
    const calls = await Promise.allSettled(
      Array.from({ length: 20 }, () => world.gateway.call('sidekick', WRITE, { n: 1 })),
    )
    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(world.gateway.sent).toHaveLength(1)
  })

  it('is not served while people have only been asked, and never once one said no', async () => {
    const world = await approvalWorld({ policy: asking({ quorum: 2 }) })
    const call = () => world.gateway.call('sidekick', WRITE, { n: 1 })
    await expect(call()).rejects.toMatchObject(REQUIRED)
    await world.approve()
    await expect(world.approve()).rejects.toMatchObject({ code: 'conflict' })
    await expect(call()).rejects.toMatchObject(REQUIRED)
    await world.queue.vote(world.newest().id, {
      by: 'user:otto',
      verdict: 'deny',
      reason: 'Not on Fridays.',
      channel: 'console',
      rules: ['ask'],
    })
    await expect(call()).rejects.toThrow(/Not on Fridays/)
    await expect(world.approve(world.newest().id, 'user:paul')).rejects.toMatchObject({ code: 'conflict' })
    expect(world.gateway.sent).toEqual([])
  })

  it('needs the quorum of every rule', async () => {
    const { rules, groups } = asking()
    const more = { id: 'ask-more', effect: 'require', obligations: { approval: { approvers: ['owners'], quorum: 2 } } }
    const world = await approvalWorld({ policy: { groups: { ...groups, owners: {} }, rules: [...rules, more] } })
    await world.gateway.call('sidekick', WRITE).catch(() => undefined)
    const { id } = world.newest()
    const vote = (by: string, ...for_: string[]) =>
      world.queue.vote(id, { by, verdict: 'approve', channel: 'console', rules: for_ })
    expect((await vote('a', 'ask-more')).state).toBe('pending')
    expect((await vote('b', 'ask-more')).state).toBe('pending')
    expect((await vote('c', 'ask')).state).toBe('approved')
  })

  it('survives a restart, and a call under way then is unknown and is not run again', async () => {
    const store = openStore(memoryDriver())
    const vault = testVault()
    const first = await approvalWorld({ policy: asking(), store, vault })
    await first.gateway.call('sidekick', WRITE, { n: 1 }).catch(() => undefined)
    await first.gateway.call('sidekick', WRITE, { n: 2 }).catch(() => undefined)
    for (const { id } of first.queue.list()) await first.approve(id)
    const [used] = first.queue.list()
    if (used) await first.queue.consume(used, 'r')
    const second = await approvalWorld({ policy: asking(), store, vault })
    expect(second.queue.find(used?.id ?? '')).toMatchObject({ state: 'consumed', outcome: 'unknown' })
    const calls = await Promise.allSettled([1, 2].map((n) => second.gateway.call('sidekick', WRITE, { n })))
    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(second.gateway.sent).toHaveLength(1)
    expect(await second.queue.argumentsOf(second.queue.list().at(-1)?.id ?? '')).toEqual({
      n: expect.any(Number) as number,
    })
  })

  it('is audited from beginning to end, without arguments', async () => {
    const world = await approved({ secret: 'launch code' })
    await world.gateway.call('sidekick', WRITE, { secret: 'launch code' })
    await world.gateway.call('sidekick', WRITE, { other: 1 }).catch(() => undefined)
    world.gateway.clock.now += 3_600_000
    await world.queue.sweep()
    const own = world.gateway.events.filter(({ type }) => type.startsWith('approval.'))
    expect(own.map(({ type, principal: who }: AuditEvent) => [type, who])).toEqual([
      ['approval.requested', 'agent:sidekick'],
      ['approval.decided', 'user:mona'],
      ['approval.consumed', 'agent:sidekick'],
      ['approval.requested', 'agent:sidekick'],
      ['approval.expired', 'agent:sidekick'],
    ])
    expect(own[1]?.detail).toMatchObject({
      verdict: 'approve',
      channel: 'console',
      callHash: expect.any(String) as string,
    })
    expect(JSON.stringify(world.gateway.events)).not.toContain('launch code')
    expect(
      JSON.stringify(await world.store.list({ name: 'approvals', schema: (await import('zod')).z.unknown() })),
    ).not.toContain('launch code')
  })

  it('is forgotten when it is long over', async () => {
    const world = await approved()
    world.gateway.clock.now += 31 * 86_400_000
    await world.queue.sweep()
    world.gateway.clock.now += 31 * 86_400_000
    await world.queue.sweep()
    expect(world.queue.list()).toEqual([])
  })
})

describe('a grant', () => {
  const granted = async (more: object) => {
    const world = await approvalWorld({
      policy: asking(),
      connections: { notes: { tools: [sourceTool('send', { effect: 'write' })] } },
    })
    await world.gateway.call('sidekick', 'conn:notes:send', { to: 'a@corp.com' }).catch(() => undefined)
    const { version: _version, ...approval } = world.newest()
    const { organisation, principal: who, act, tool, connection, fingerprint, demands, id } = approval
    const now = world.gateway.clock.now
    const facts = {
      organisation,
      principal: who,
      act,
      tool,
      connection,
      fingerprint,
      demands,
      by: 'user:mona',
      approval: id,
    }
    const grant = await world.grants.add({ ...facts, notBefore: now, notAfter: now + 3_600_000, ...more })
    const call = (input: object) => world.gateway.call('sidekick', 'conn:notes:send', input)
    return { ...world, grant, call, callHash: approval.callHash }
  }

  it('spares calls within its arguments the wait, until it ends', async () => {
    const { call, gateway } = await granted({ args: { '/to': { emailDomains: ['corp.com'] } } })
    await call({ to: 'b@corp.com' })
    await call({ to: 'c@corp.com' })
    await expect(call({ to: 'eve@evil.test' })).rejects.toMatchObject(REQUIRED)
    await expect(call({ to: 'b@corp.com', bcc: 'eve@evil.test' })).rejects.toMatchObject(REQUIRED)
    await expect(call({})).rejects.toMatchObject(REQUIRED)
    gateway.clock.now += 3_600_001
    await expect(call({ to: 'b@corp.com' })).rejects.toMatchObject(REQUIRED)
    expect(gateway.sent).toHaveLength(2)
    expect(gateway.events.filter(({ type }) => type === 'approval.waived')).toHaveLength(2)
  })

  it('ends when it is revoked, when the rule changes, and does nothing against a deny', async () => {
    const { call, gateway, grants, grant } = await granted({ args: { '/to': { emailDomains: ['corp.com'] } } })
    const input = { to: 'b@corp.com' }
    const { rules, groups } = asking()
    gateway.swap({ policy: { groups, rules: [...rules, { id: 'no', effect: 'deny' }] } })
    await expect(call(input)).rejects.toMatchObject({ code: 'tool_not_found' })
    gateway.swap({ policy: asking({ quorum: 2 }) })
    await expect(call(input)).rejects.toMatchObject(REQUIRED)
    gateway.swap({ policy: asking() })
    await call(input)
    await grants.revoke(grant.id, 'user:mona')
    await expect(call(input)).rejects.toMatchObject(REQUIRED)
  })

  it('lasts 24 hours at most', async () => {
    await expect(granted({ args: {}, notAfter: Date.parse('2027-01-01') })).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })
})
