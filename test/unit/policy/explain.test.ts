import { describe, expect, it } from 'vitest'
import type { Feature } from '../../../src/kernel/tool.ts'
import { decide } from '../../../src/policy/decide.ts'
import { explainForAgent } from '../../../src/policy/explain-for-agent.ts'
import { explain } from '../../../src/policy/explain.ts'
import { compile, NOON, principalOf, toolNamed, toolOf } from './office.ts'

const policyHere = () =>
  compile({
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
      expect(explain(policyHere(), asked).decision).toEqual(decide(policyHere(), asked))
    }
  })

  it('says of every enabled rule why it matched or did not', () => {
    const { rules } = explain(policyHere(), question('general'))
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

  it('says which key of a selector does not match, and what is so instead', () => {
    const tool = toolOf('slack', 'ping', { effect: 'read', external: true, tags: ['a', 'b'] })
    const other = toolOf('gmail', 'pong', { effect: 'write', tags: ['x'] })
    const why = (tools: object, asked: Feature = tool, more: object = {}) => {
      const policy = compile({ rules: [{ id: 'r', effect: 'allow', tools, ...more }] }, { tools: [tool, other, asked] })
      return explain(policy, { principal: principalOf('ci'), tool: asked, verb: 'invoke', at: NOON }).rules[0]?.note
    }
    expect(why({ connections: ['gmail'] })).toBe('tools.connections: connection "slack" is not selected')
    expect(why({ providers: ['gmail'] })).toBe('tools.providers: provider "slack" is not selected')
    expect(why({ names: ['pong'] })).toBe('tools.names: name "ping" is not selected')
    expect(why({ effects: ['write'] })).toBe('tools.effects: effect read is not selected')
    expect(why({ external: false })).toBe('tools.external: external is not selected')
    expect(why({ external: true }, other)).toBe('tools.external: not external is not selected')
    expect(why({ tags: ['x'] })).toBe('tools.tags: tags a, b is not selected')
    expect(why({ tags: ['x'] }, toolOf('jira', 'bare'))).toBe('tools.tags: no tag is not selected')
    expect(why({ riskAtLeast: 'critical' }, other)).toBe('tools.riskAtLeast: risk medium is not selected')
    expect(why({ kinds: ['prompt'] })).toBe('tools.kinds: kinds is not selected')
    expect(why({ names: ['ping'] })).toBe('match')
    const prompt = { ...other, kind: 'prompt' as const, id: 'conn:gmail:prompt:pong' as typeof other.id }
    const kinds = 'tools.kinds: a prompt is meant only where kinds names it'
    expect(why({ connections: ['gmail'] }, prompt)).toBe(kinds)
    expect(why({ kinds: ['prompt'] }, prompt)).toBe('match')
    expect(why({ names: ['pong'] }, prompt, { effect: 'deny' })).toBe(kinds)
    expect(why({ connections: ['gmail'] }, prompt, { effect: 'deny' })).toBe('match')
    const except = { connections: ['gmail'], except: { names: ['pong'] } }
    expect(why(except, prompt, { effect: 'deny' })).toBe('tools.except takes the tool out')
  })

  it('says what does not match, and nothing of what does', () => {
    const subjects = {
      agents: ['ci'],
      users: ['ann'],
      groups: ['machines', 'others'],
      claims: [{ path: '/boss', equals: true }],
      except: { agents: ['helper'] },
    }
    const note = (more: object, effect = 'allow', claims: object = { boss: true }) => {
      const rule = { id: 'r', effect, subjects: { ...subjects, ...more }, tools: { connections: ['gmail'] } }
      const policy = compile({ groups: { others: {}, more: {} }, rules: [rule] })
      const principal = { ...principalOf('ci', { user: 'ann' }), claims: claims as Record<string, boolean> }
      return explain(policy, { ...question('general'), principal }).rules[0]?.note
    }
    const tools = 'tools.connections: connection "slack" is not selected'
    expect(note({})).toBe(tools)
    expect(note({ users: ['bob'] })).toBe('subjects.users has no "ann"')
    expect(note({ groups: ['others', 'more'] })).toBe('subjects.groups: not a member of others, more')
    expect(note({}, 'deny', { boss: 1 })).toBe(tools)
    expect(note({}, 'allow', { boss: 1 })).toBe('subjects.claims: no claim matches')
  })

  it('says what rules in shadow mode would have done', () => {
    const mode = 'shadow'
    const rules = [
      { id: 'all', effect: 'allow' },
      { id: 'idle', effect: 'allow', mode },
      { id: 'log', effect: 'require', mode, obligations: { log: 'hash' } },
      { id: 'no', effect: 'deny', mode },
    ]
    const notes = (list: readonly object[]) =>
      explain(compile({ rules: list }), question('general')).rules.map(({ rule, shadow, note }) => [rule, shadow, note])
    expect(notes(rules)).toEqual([
      ['all', undefined, 'match'],
      ['idle', true, 'in shadow mode: it would change nothing here'],
      ['log', true, 'in shadow mode: it would ask for more (match)'],
      ['no', true, 'in shadow mode: it would deny (match)'],
    ])
    expect(notes(rules.slice(1, 2))).toEqual([['idle', true, 'in shadow mode: it would allow (match)']])
    const post = toolNamed('slack:post_message')
    const prompt = { ...post, kind: 'prompt' as const }
    const ofPrompt = (...list: readonly object[]) =>
      explain(compile({ rules: list }, { tools: [prompt] }), { ...question('general'), tool: prompt }).rules.at(-1)
        ?.note
    expect(ofPrompt({ id: 'r', effect: 'allow', mode })).toBe('in shadow mode: it would allow (match)')
    expect(ofPrompt({ id: 'r', effect: 'allow', mode, tools: { kinds: ['prompt'] } })).toBe(
      'in shadow mode: it would allow (match)',
    )
    const no = { id: 'r', effect: 'deny', mode, tools: { connections: ['slack'] } }
    expect(ofPrompt({ id: 'a', effect: 'allow' }, no)).toBe('in shadow mode: it would deny (match)')
  })

  it('takes a claim that cannot be compared as deciding does', () => {
    const subjects = { claims: [{ path: '/k', equals: 'x' }] }
    const about = (effect: string) => {
      const policy = compile({ rules: [{ id: 'r', effect, subjects }] })
      const principal = principalOf('ci', { claims: { k: 1 } })
      return explain(policy, { ...question('general'), principal }).rules[0]?.note
    }
    expect(about('allow')).toBe('subjects.claims: no claim matches')
    expect(about('deny')).toBe('match')
  })

  it('says it in one sentence', () => {
    expect(explain(policyHere(), question('general')).summary).toBe(
      'ci may call conn:slack:post_message by rule "post", with rateLimit (rule "post"), log (rule "post").',
    )
    expect(explain(policyHere(), question('board')).summary).toBe(
      'ci may not call conn:slack:post_message: Rule "post" does not allow this call of conn:slack:post_message: ' +
        '/channel must be "general". Change that and call again, or ask an admin.',
    )
    expect(
      explain(policyHere(), { ...question('x', 'see'), principal: principalOf('ci', { user: 'bob' }) }).summary,
    ).toBe('ci for bob may see conn:slack:post_message by rule "post".')
  })

  it('says so when the rules were not asked at all', () => {
    const held = { ...question('general'), tool: { ...toolNamed('slack:post_message'), quarantined: true } }
    const { decision, rules } = explain(policyHere(), held)
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

  it('says so once, and for one person', () => {
    const approval = { approvers: ['machines', 'admins'] }
    const rule = (id: string, obligations: object) => ({ id, effect: 'allow', obligations })
    const said = (...rules: readonly object[]) =>
      explainForAgent(compile({ rules }), { ...as('ci'), tool: toolNamed('gmail:send_message') })
    const allowed = 'Rule "a" allows this call of conn:gmail:send_message.'
    expect(said(rule('a', { approval }))).toBe(
      `${allowed} A person of machines or admins must approve it first (rule "a").`,
    )
    expect(said(rule('a', { log: 'hash', maxResponseBytes: 1, label: ['x'] }))).toBe(allowed)
    expect(said(rule('a', { log: 'hash' }))).toBe(allowed)
  })

  it('says what to change when the call is denied', () => {
    expect(explainForAgent(policyHere(), question('board'))).toContain('/channel must be "general". Change that')
  })

  it('has no word for what the agent may not see', () => {
    const policy = compile({ rules: [{ id: 'ci', effect: 'allow', subjects: { agents: ['ci'] } }] })
    const asked = { tool: toolNamed('gmail:send_message') }
    expect(explainForAgent(policy, { ...as('ci'), ...asked })).toContain('allows')
    expect(explainForAgent(policy, { ...as('helper'), ...asked })).toBeUndefined()
    expect(explainForAgent(policy, { ...as('ci'), tool: { ...asked.tool, quarantined: true } })).toBeUndefined()
  })
})
