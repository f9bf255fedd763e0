import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/policy/decide.ts'
import { viewOf } from '../../../src/policy/view.ts'
import { call, compile, NOON, principalOf, reasonOf, toolNamed, toolOf } from './office.ts'

const allowAll = { id: 'all', effect: 'allow' }
const POST = { tool: 'slack:post_message', args: { channel: 'general', text: 'hi' } }
const see = (policy: ReturnType<typeof compile>, id: string, agent = 'sidekick') =>
  decide(policy, { principal: principalOf(agent), tool: toolNamed(id), verb: 'see', at: NOON })

describe('decide', () => {
  it('denies what no rule allows', () => {
    const decision = call(compile({}), POST)
    expect(decision).toMatchObject({ effect: 'deny', rule: undefined, trace: [] })
    expect(reasonOf(decision)).toBe(
      'No rule allows conn:slack:post_message here. Use another tool, or ask an admin to allow it.',
    )
  })

  it('lets a deny win over every allow', () => {
    const policy = compile({ rules: [allowAll, { id: 'never', effect: 'deny', tools: { names: ['post_message'] } }] })
    expect(call(policy, POST)).toMatchObject({ effect: 'deny', rule: 'never' })
    expect(call(policy, { tool: 'slack:list_channels' })).toMatchObject({ effect: 'allow', rule: 'all' })
  })

  it('does not let a require grant anything', () => {
    const policy = compile(
      { rules: [{ id: 'short', effect: 'require', args: { '/text': { maxLength: 5 } } }] },
      {
        tools: [toolNamed('slack:post_message')],
      },
    )
    expect(call(policy, POST)).toMatchObject({ effect: 'deny', rule: undefined })
  })

  it('denies when a matching require does not hold, whatever the allows say', () => {
    const short = {
      id: 'short',
      effect: 'require',
      tools: { names: ['post_message'] },
      args: { '/text': { maxLength: 5 } },
    }
    const policy = compile({ rules: [allowAll, short] })
    expect(call(policy, POST).effect).toBe('allow')
    expect(call(policy, { ...POST, args: { channel: 'general', text: 'longer' } })).toMatchObject({ rule: 'short' })
    expect(call(policy, { tool: 'slack:list_channels' }).effect).toBe('allow')
  })

  it('needs one allow that holds, not all of them', () => {
    const on = (channel: string) => ({
      id: channel,
      effect: 'allow',
      tools: { names: ['post_message'] },
      args: { '/channel': { equals: channel } },
    })
    const policy = compile({ rules: [on('general'), on('random')] })
    expect(call(policy, POST)).toMatchObject({ effect: 'allow', rule: 'general' })
    expect(call(policy, { ...POST, args: { channel: 'random' } })).toMatchObject({ effect: 'allow', rule: 'random' })
    expect(call(policy, { ...POST, args: { channel: 'board' } }).effect).toBe('deny')
  })

  it('tells of every rule that is about the call, in the trace', () => {
    const policy = compile({
      rules: [
        allowAll,
        { id: 'board', effect: 'deny', tools: { names: ['post_message'] }, args: { '/channel': { equals: 'board' } } },
        { id: 'mail', effect: 'deny', tools: { providers: ['gmail'] } },
      ],
    })
    expect(call(policy, POST).trace).toEqual([
      { rule: 'board', effect: 'deny', matched: false, note: 'does not apply: /channel must be "board" for it to' },
      { rule: 'all', effect: 'allow', matched: true, note: 'match' },
    ])
  })

  it('ignores a rule that is switched off', () => {
    const policy = compile({ rules: [allowAll, { id: 'never', effect: 'deny', enabled: false }] })
    expect(call(policy, POST).effect).toBe('allow')
  })

  it('holds back a quarantined tool, whatever the rules say', () => {
    const tool = { ...toolOf('slack', 'changed'), quarantined: true }
    const policy = compile({ rules: [allowAll] }, { tools: [tool] })
    for (const verb of ['see', 'invoke'] as const) {
      const decision = decide(policy, { principal: principalOf('ci'), tool, verb, at: NOON })
      expect(reasonOf(decision)).toContain('until an admin accepts the change')
    }
    expect(viewOf(policy, principalOf('ci')).tools).toEqual([])
  })

  it('denies a tool that is not the one the policy was compiled for', () => {
    const policy = compile({ rules: [allowAll] })
    const [principal, at] = [principalOf('ci'), NOON]
    const stranger = toolOf('slack', 'unheard_of')
    const raised = toolOf('slack', 'post_message', { effect: 'destructive' })
    const copy = { ...toolNamed('slack:post_message') }
    expect(decide(policy, { principal, tool: stranger, verb: 'invoke', at }).effect).toBe('deny')
    expect(decide(policy, { principal, tool: raised, verb: 'invoke', at }).effect).toBe('deny')
    expect(decide(policy, { principal, tool: copy, verb: 'invoke', at }).effect).toBe('allow')
  })

  it('denies when deciding fails', () => {
    const principal = Object.defineProperty(principalOf('ci'), 'groups', {
      get: () => {
        throw new Error('secret detail')
      },
    })
    const policy = compile({
      rules: [
        { ...allowAll, subjects: { agents: ['ci'] } },
        { id: 'g', effect: 'deny', subjects: { groups: ['machines'] } },
      ],
    })
    const decision = call(policy, { ...POST, as: principal })
    expect(reasonOf(decision)).toContain('could not be decided')
    expect(JSON.stringify(decision)).not.toContain('secret detail')
  })
})

describe('seeing', () => {
  it('shows what an allow selects, though its conditions may fail when it is called', () => {
    const policy = compile({
      rules: [
        {
          id: 'some',
          effect: 'allow',
          tools: { names: ['post_message'] },
          args: { '/channel': { equals: 'general' } },
        },
        { id: 'nights', effect: 'require', when: { from: '01:00', to: '02:00' } },
        { id: 'board', effect: 'deny', tools: { names: ['post_message'] }, args: { '/channel': { equals: 'board' } } },
      ],
    })
    expect(see(policy, 'slack:post_message')).toMatchObject({ effect: 'allow', rule: 'some', obligations: [] })
    expect(call(policy, POST).effect).toBe('deny')
  })

  it('hides what a deny without conditions matches, and what no allow selects', () => {
    const policy = compile({
      rules: [
        { id: 'slack', effect: 'allow', tools: { connections: ['slack'] } },
        { id: 'never', effect: 'deny', tools: { effects: ['unclassified'] } },
      ],
    })
    expect(see(policy, 'slack:run_workflow')).toMatchObject({ effect: 'deny', rule: 'never' })
    expect(see(policy, 'gmail:search_messages')).toMatchObject({ effect: 'deny', rule: undefined })
    expect(viewOf(policy, principalOf('sidekick')).tools.map(({ name }) => name)).toEqual([
      'list_channels',
      'post_message',
      'reply_in_thread',
      'schedule_message',
    ])
  })
})

describe('obligations', () => {
  const approval = (id: string, quorum: number) => ({
    id,
    effect: 'allow',
    obligations: { approval: { approvers: ['machines'], quorum } },
  })

  it('unites those of every allow and require that holds, so that a broad allow cannot skip an approval', () => {
    const policy = compile({
      rules: [
        allowAll,
        approval('careful', 2),
        { id: 'budget', effect: 'require', obligations: { rateLimit: { limit: 5, window: '1m' } } },
      ],
    })
    expect(call(policy, POST)).toMatchObject({
      obligations: [
        { kind: 'rateLimit', rule: 'budget', limit: 5, windowMs: 60_000, per: ['agent'], burst: 5 },
        { kind: 'approval', rule: 'careful', approvers: ['machines'], quorum: 2, allowSelf: false, ttlMs: 900_000 },
      ],
    })
  })

  it('leaves out those of an allow that does not hold', () => {
    const policy = compile({
      rules: [
        allowAll,
        { ...approval('board', 1), tools: { names: ['post_message'] }, args: { '/channel': { equals: 'board' } } },
      ],
    })
    expect(call(policy, POST)).toMatchObject({ effect: 'allow', obligations: [] })
    expect(call(policy, { ...POST, args: { channel: 'board' } })).toMatchObject({ obligations: [{ kind: 'approval' }] })
  })

  it('keeps every approval, limit and redaction, the smallest size and the log that keeps least', () => {
    const rule = (id: string, quorum: number, maxResponseBytes: number, log: string) => ({
      id,
      effect: 'allow',
      obligations: {
        approval: { approvers: ['machines'], quorum },
        rateLimit: { limit: 1, window: '1s' },
        redact: [{ preset: 'emails', with: '…' }, { pattern: 'AKIA[A-Z0-9]{16}' }, { pointer: '/token' }],
        maxResponseBytes,
        log,
      },
    })
    const decision = call(compile({ rules: [rule('a', 1, 500, 'full'), rule('b', 2, 100, 'hash')] }), POST)
    const obligations = decision.effect === 'allow' ? decision.obligations : []
    expect(obligations.map(({ kind, rule }) => `${rule}:${kind}`)).toEqual([
      'a:approval',
      'a:rateLimit',
      'a:redact',
      'b:approval',
      'b:rateLimit',
      'b:redact',
      'b:maxResponseBytes',
      'b:log',
    ])
    expect(obligations[2]).toEqual({
      kind: 'redact',
      rule: 'a',
      redactions: [{ preset: 'emails', with: '…' }, { pattern: 'AKIA[A-Z0-9]{16}' }, { pointer: '/token' }],
    })
  })
})
