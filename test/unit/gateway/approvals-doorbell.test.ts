import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { CallerProtocol, Exchange } from '../../../src/kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../../../src/kernel/json.ts'
import { type ApprovalWorld, approvalWorld, asking } from '../../helpers/approvals.ts'
import { ALLOW_ALL, ECHO, principal } from '../../helpers/test-gateway.ts'

const WRITE = 'conn:notes:write_note'
const REQUIRED = { code: 'approval_required' }
const modern = (capabilities: JsonObject): CallerProtocol => ({ era: 'modern', version: '2026-07-28', capabilities })
const legacy = (capabilities: JsonObject): CallerProtocol => ({ era: 'legacy', version: '2025-11-25', capabilities })
const URL_CLIENT = { elicitation: { url: {} } }
const FORM_CLIENT = { elicitation: {} }

/** Calls as a client that declared this and answers like this. */
function caller({ gateway }: ApprovalWorld, protocol: CallerProtocol, answer?: Exchange['ask']) {
  const asked: JsonObject[] = []
  const call = (more: Partial<Exchange> = {}, input: object = { n: 1 }) =>
    gateway.call('sidekick', WRITE, input, {
      protocol,
      ...(answer && {
        ask: async (request) => {
          asked.push(request.params)
          return answer(request)
        },
      }),
      ...more,
    })
  return { call, asked }
}

const stateOf = (result: JsonObject): string => {
  const { requestState } = result
  if (typeof requestState !== 'string') throw new Error('no state')
  return requestState
}
const ACCEPTED = { approval: { action: 'accept' } }

describe('a modern client that opens links', () => {
  it('gets a link and goes on with the retry once a person said yes', async () => {
    const world = await approvalWorld({ policy: asking() })
    const { call } = caller(world, modern(URL_CLIENT))
    const question = await call()
    expect(question).toEqual({
      resultType: 'input_required',
      inputRequests: {
        approval: {
          method: 'elicitation/create',
          params: {
            mode: 'url',
            url: `https://gateway.test/approve/${world.newest().id}`,
            message: expect.stringContaining(WRITE) as string,
          },
        },
      },
      requestState: expect.any(String) as string,
    })
    expect(stateOf(question)).not.toContain(world.newest().id)
    await world.approve()
    const resumption = { requestState: stateOf(question), inputResponses: ACCEPTED }
    await expect(call({ resumption })).resolves.toMatchObject({ content: [{}] })
    expect(world.gateway.sent).toHaveLength(1)
  })

  it('waits a little in its retry, and is told in words when nobody decides: never a second question', async () => {
    const world = await approvalWorld({ policy: asking() })
    const { call } = caller(world, modern(URL_CLIENT))
    const resumption = { requestState: stateOf(await call()), inputResponses: ACCEPTED }
    const tooEarly = call({ resumption })
    await expect.poll(world.timers.waiting).toBe(1)
    world.timers.run()
    await expect(tooEarly).rejects.toMatchObject(REQUIRED)
    const inTime = call({ resumption })
    await expect.poll(world.timers.waiting).toBe(1)
    await world.approve()
    await expect(inTime).resolves.toMatchObject({ content: [{}] })
    expect(world.timers.waiting()).toBe(0)
  })

  it('gains nothing by playing its state again, changing it, or lending it', async () => {
    const world = await approvalWorld({ policy: asking(), agents: [{ id: 'sidekick' }, { id: 'ci' }] })
    const { call } = caller(world, modern(URL_CLIENT))
    const resumption = { requestState: stateOf(await call()), inputResponses: ACCEPTED }
    await world.approve()
    await expect(call({ resumption }, { n: 2 })).rejects.toMatchObject(REQUIRED)
    await expect(call({ resumption, principal: principal('ci') })).resolves.toMatchObject({
      resultType: 'input_required',
    })
    const changed = `${resumption.requestState.slice(0, -2)}AA`
    expect(world.gateway.sent).toHaveLength(0)
    await call({ resumption })
    await expect(call({ resumption })).rejects.toMatchObject(REQUIRED)
    await expect(call({ resumption: { requestState: changed } })).resolves.toMatchObject({
      resultType: 'input_required',
    })
    expect(world.gateway.sent).toHaveLength(1)
  })

  it('hears a no as a refusal, whatever its own person answered', async () => {
    const world = await approvalWorld({ policy: asking() })
    const { call } = caller(world, modern(URL_CLIENT))
    const resumption = { requestState: stateOf(await call()), inputResponses: ACCEPTED }
    await world.deny(undefined, 'Too many recipients.')
    await expect(call({ resumption })).rejects.toMatchObject({ code: 'denied', message: /Too many recipients/ })
    expect(world.gateway.sent).toEqual([])
  })

  it('is led to connect an account, and its call goes on', async () => {
    let isConnected = false
    const world = await approvalWorld({
      policy: ALLOW_ALL,
      connections: {
        notes: {
          ...ECHO,
          run: () => {
            if (isConnected) return { content: [{ type: 'text', text: 'done' }] }
            const data = { connection: 'notes', url: 'https://gateway.test/connect/notes' }
            throw new GatewayError('connect_required', 'Connect your account first.', { data })
          },
        },
      },
    })
    const { call } = caller(world, modern(URL_CLIENT))
    const question = await call()
    expect(question).toMatchObject({
      inputRequests: { connect: { params: { mode: 'url', url: 'https://gateway.test/connect/notes' } } },
    })
    const resumption = { requestState: stateOf(question), inputResponses: { connect: { action: 'accept' } } }
    await expect(call({ resumption })).rejects.toMatchObject({ code: 'connect_required' })
    isConnected = true
    await expect(call({ resumption })).resolves.toMatchObject({ content: [{ text: 'done' }] })
  })

  it('has its own answers to a server passed on, and only those', async () => {
    const seen: unknown[] = []
    const world = await approvalWorld({
      policy: asking(),
      connections: {
        notes: { ...ECHO, run: (_name, _input, { resumption }) => (seen.push(resumption), { content: [] }) },
      },
    })
    const { call } = caller(world, modern(URL_CLIENT))
    const resumption = { requestState: stateOf(await call()), inputResponses: ACCEPTED }
    await world.approve()
    await call({ resumption })
    expect(seen).toEqual([undefined])
  })
})

describe('a legacy client that opens links', () => {
  it('is asked on the stream of its call, and the call goes on within it', async () => {
    const world = await approvalWorld({ policy: asking() })
    const { call, asked } = caller(world, legacy(URL_CLIENT), async () => {
      await world.approve()
      return { action: 'accept' }
    })
    await expect(call()).resolves.toMatchObject({ content: [{}] })
    const { id } = world.newest()
    expect(asked).toMatchObject([{ mode: 'url', url: `https://gateway.test/approve/${id}`, elicitationId: id }])
    expect(world.gateway.sent).toHaveLength(1)
  })

  it.each([
    ['declines', () => Promise.resolve({ action: 'decline' })],
    ['cancels', () => Promise.resolve({ action: 'cancel' })],
    ['cannot do what it declared', () => Promise.reject(new GatewayError('upstream_refused', 'no'))],
  ])('that %s is told in words, and the approval stays', async (_what, answer) => {
    const world = await approvalWorld({ policy: asking() })
    const { call } = caller(world, legacy(URL_CLIENT), answer)
    await expect(call()).rejects.toMatchObject(REQUIRED)
    expect(world.newest().state).toBe('pending')
    await world.approve()
    await expect(call()).resolves.toMatchObject({ content: [{}] })
  })

  it('that never answers is not kept waiting', async () => {
    const world = await approvalWorld({ policy: asking() })
    const { call } = caller(world, legacy(URL_CLIENT), () => new Promise(() => undefined))
    const silent = call()
    await expect.poll(world.timers.waiting).toBe(1)
    world.timers.run()
    await expect(silent).rejects.toMatchObject(REQUIRED)
  })

  it('that accepts before anybody decided is told in words after a while', async () => {
    const world = await approvalWorld({ policy: asking() })
    const { call } = caller(world, legacy(URL_CLIENT), () => Promise.resolve({ action: 'accept' }))
    const waiting = call()
    await expect.poll(world.timers.waiting).toBe(2)
    world.timers.run()
    await expect(waiting).rejects.toMatchObject(REQUIRED)
    expect(world.gateway.sent).toEqual([])
  })
})

describe('everybody else', () => {
  it.each([
    ['modern without elicitation', modern({})],
    ['modern with forms only', modern(FORM_CLIENT)],
    ['legacy without elicitation', legacy({})],
    ['legacy with forms only', legacy(FORM_CLIENT)],
  ])('(%s) gets the id, the link and what to do', async (_what, protocol) => {
    const world = await approvalWorld({ policy: asking() })
    const { call, asked } = caller(world, protocol, () =>
      Promise.resolve({ action: 'accept', content: { approve: true } }),
    )
    await expect(call()).rejects.toThrow(
      /approval .* \/?.*https:\/\/gateway.test\/approve\/.*retry with the same arguments/i,
    )
    expect(asked).toEqual([])
    expect(world.newest().state).toBe('pending')
  })
})

describe('a form in the client', () => {
  const FORMS = { approvers: ['staff'], channels: ['console', 'elicitation-form'] }
  const ann = principal('sidekick', { id: 'agent:sidekick/user:ann', user: 'ann', groups: ['staff'] })
  const yes = () => Promise.resolve({ action: 'accept', content: { approve: true } })
  const policy = (more: object, groups: object = { staff: {} }) => ({ ...asking({ ...FORMS, ...more }), groups })

  it('shows the arguments whole and counts for the own user, where the rule says so', async () => {
    const world = await approvalWorld({ policy: policy({ allowSelf: true }) })
    const { call, asked } = caller(world, legacy(FORM_CLIENT), yes)
    await expect(call({ principal: ann }, { to: 'a\u202eb' })).resolves.toMatchObject({ content: [{}] })
    expect(asked[0]).toMatchObject({ mode: 'form', message: expect.stringContaining('"a⟨U+202E⟩b"') as string })
    expect(world.newest()).toMatchObject({ votes: [{ by: 'user:ann', channel: 'elicitation-form' }] })
  })

  it('works over two requests for modern clients', async () => {
    const world = await approvalWorld({ policy: policy({ allowSelf: true }) })
    const { call } = caller(world, modern(FORM_CLIENT))
    const question = await call({ principal: ann })
    const inputResponses = { approval: { action: 'accept', content: { approve: true } } }
    await call({ principal: ann, resumption: { requestState: stateOf(question), inputResponses } })
    expect(world.gateway.sent).toHaveLength(1)
  })

  it.each([
    ['without allowSelf', { allowSelf: false }, { staff: {} }, ann],
    [
      'for an agent that acts for nobody',
      { allowSelf: true },
      { staff: {} },
      principal('sidekick', { groups: ['staff'] }),
    ],
    ['for a user who is no approver', { allowSelf: true }, { staff: { users: ['otto'] } }, { ...ann, groups: [] }],
    ['for the groups of the agent', { allowSelf: true }, { staff: { agents: ['sidekick'] } }, { ...ann, groups: [] }],
  ])('counts for nothing %s', async (_what, more, groups, who) => {
    const world = await approvalWorld({ policy: policy(more, groups) })
    const { call } = caller(world, legacy(FORM_CLIENT), yes)
    const waiting = call({ principal: who })
    await expect.poll(world.timers.waiting).toBe(2)
    world.timers.run()
    await expect(waiting).rejects.toMatchObject(REQUIRED)
    expect(world.newest().votes).toEqual([])
  })

  it('is not offered for arguments that it could not show whole', async () => {
    const world = await approvalWorld({ policy: policy({ allowSelf: true }) })
    const { call, asked } = caller(world, legacy(FORM_CLIENT), yes)
    await expect(call({ principal: ann }, { text: 'x'.repeat(5_000) })).rejects.toMatchObject(REQUIRED)
    expect(asked).toEqual([])
  })
})

describe('approval_status', () => {
  it('tells the own approvals only, and how they stand', async () => {
    const { rules, groups } = asking()
    const free = { id: 'free', effect: 'allow', tools: { connections: ['gatehouse'] } }
    const ask = rules.map((rule) => ({ ...rule, tools: { connections: ['notes'] } }))
    const world = await approvalWorld({
      builtIn: true,
      policy: { groups, rules: [...ask, free] },
      agents: [{ id: 'sidekick' }, { id: 'ci' }],
    })
    await world.gateway.call('sidekick', WRITE).catch(() => undefined)
    const { id } = world.newest()
    const status = async (agent: string, of = id): Promise<unknown> => {
      const { content } = await world.gateway.call(agent, 'conn:gatehouse:approval_status', { id: of })
      const [first] = content
      return isJsonObject(first) ? first['text'] : undefined
    }
    expect(await status('sidekick')).toMatch(/pending until .*1 of managers/)
    expect(await status('ci')).toBe(`You have no approval "${id}".`)
    expect(await status('ci', 'A'.repeat(22))).toBe(`You have no approval "${'A'.repeat(22)}".`)
    await world.approve()
    expect(await status('sidekick')).toContain('approved. Retry with the same arguments')
    await world.gateway.call('sidekick', WRITE)
    expect(await status('sidekick')).toContain('The call succeeded.')
  })
})
