import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/policy/decide.ts'
import { explainForAgent } from '../../../src/policy/explain-for-agent.ts'
import { explain } from '../../../src/policy/explain.ts'
import { compile, NOON, principalOf, toolNamed } from './office.ts'

const POLICY = compile({
  groups: { staff: { claims: [{ path: '/staff', equals: true }] } },
  rules: [
    { id: 'agent', effect: 'allow', subjects: { agents: ['sidekick'] } },
    { id: 'claim', effect: 'deny', subjects: { claims: [{ path: '/fired', equals: true }] } },
    { id: 'except', effect: 'allow', subjects: { agents: ['*'], except: { agents: ['ci'] } } },
    { id: 'group', effect: 'allow', subjects: { groups: ['staff'] } },
    { id: 'off', effect: 'deny', enabled: false },
    {
      id: 'post',
      effect: 'allow',
      description: 'Machines may post to general.',
      tools: { names: ['post_message'] },
      args: { '/channel': { equals: 'general' } },
      obligations: { rateLimit: { limit: 1, window: '1s' }, log: 'hash' },
    },
    { id: 'provider', effect: 'allow', tools: { providers: ['gmail'] } },
    { id: 'risk', effect: 'deny', tools: { effects: ['write'], riskAtLeast: 'high' } },
    { id: 'tool-except', effect: 'deny', tools: { providers: ['slack'], except: { names: ['post_message'] } } },
    { id: 'user', effect: 'allow', subjects: { users: ['ann'] } },
  ],
})
const question = (channel: string, verb: 'see' | 'invoke' = 'invoke') => ({
  principal: principalOf('ci'),
  tool: toolNamed('slack:post_message'),
  verb,
  input: { channel, text: 'hi' },
  at: NOON,
})

describe('explain', () => {
  it('decides like decide', () => {
    for (const asked of [question('general'), question('board'), question('general', 'see')]) {
      expect(explain(POLICY, asked).decision).toEqual(decide(POLICY, asked))
    }
  })

  it('says of every enabled rule why it matched or did not', () => {
    const { rules } = explain(POLICY, question('general'))
    expect(rules.map(({ rule, selected, matched, note }) => [rule, selected, matched, note])).toEqual([
      ['agent', false, false, 'subjects.agents has no "ci"'],
      ['claim', false, false, 'subjects.claims: no claim matches'],
      ['except', false, false, 'subjects.except takes the caller out'],
      ['group', false, false, 'subjects.groups: not a member of staff'],
      ['post', true, true, 'match'],
      ['provider', false, false, 'tools.providers: provider "slack" is not selected'],
      ['risk', false, false, 'tools.riskAtLeast: risk medium is not selected'],
      ['tool-except', false, false, 'tools.except takes the tool out'],
      ['user', false, false, 'subjects.users has no "(no user)"'],
    ])
    expect(rules.find(({ rule }) => rule === 'post')?.description).toBe('Machines may post to general.')
  })

  it('says it in one sentence', () => {
    expect(explain(POLICY, question('general')).summary).toBe(
      'ci may call conn:slack:post_message by rule "post", with rateLimit (rule "post"), log (rule "post").',
    )
    expect(explain(POLICY, question('board')).summary).toBe(
      'ci may not call conn:slack:post_message: Rule "post" does not allow this call of conn:slack:post_message: ' +
        '/channel must be "general". Change that and call again, or ask an admin.',
    )
    expect(explain(POLICY, { ...question('x', 'see'), principal: principalOf('ci', { user: 'bob' }) }).summary).toBe(
      'ci for bob may see conn:slack:post_message by rule "post".',
    )
  })

  it('says so when the rules were not asked at all', () => {
    const held = { ...question('general'), tool: { ...toolNamed('slack:post_message'), quarantined: true } }
    const { decision, rules } = explain(POLICY, held)
    expect(decision.effect).toBe('deny')
    expect(rules.find(({ rule }) => rule === 'post')).toMatchObject({
      matched: false,
      note: 'the question was answered before the rule was asked',
    })
  })
})

describe('explainForAgent', () => {
  const as = (id: string) => ({ principal: principalOf(id), verb: 'invoke' as const, at: NOON })

  it('says what the call waits for', () => {
    const approval = { approvers: ['machines'], quorum: 2 }
    const policy = compile({
      rules: [
        {
          id: 'mail',
          effect: 'allow',
          obligations: {
            approval,
            rateLimit: { limit: 3, window: '1m' },
            quota: { limit: 9, window: 'day' },
            redact: [{ preset: 'secrets' }],
            log: 'hash',
          },
        },
      ],
    })
    expect(explainForAgent(policy, { ...as('ci'), tool: toolNamed('gmail:send_message') })).toBe(
      'Rule "mail" allows this call of conn:gmail:send_message. 2 people of machines must approve it first (rule "mail"). ' +
        'At most 3 calls in 60 s (rule "mail"). At most 9 calls in a calendar day (rule "mail"). ' +
        'Parts of the result may be taken out (rule "mail").',
    )
  })

  it('says what to change when the call is denied', () => {
    expect(explainForAgent(POLICY, question('board'))).toContain('/channel must be "general". Change that')
  })

  it('has no word for what the agent may not see', () => {
    const policy = compile({ rules: [{ id: 'ci', effect: 'allow', subjects: { agents: ['ci'] } }] })
    const asked = { tool: toolNamed('gmail:send_message') }
    expect(explainForAgent(policy, { ...as('ci'), ...asked })).toContain('allows')
    expect(explainForAgent(policy, { ...as('helper'), ...asked })).toBeUndefined()
    expect(explainForAgent(policy, { ...as('ci'), tool: { ...asked.tool, quarantined: true } })).toBeUndefined()
  })
})
