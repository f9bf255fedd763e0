import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/policy/decide.ts'
import { explain } from '../../../src/policy/explain.ts'
import { viewOf } from '../../../src/policy/view.ts'
import { call, compile, NOON, principalOf, toolNamed } from './office.ts'

const all = { id: 'all', effect: 'allow', tools: { connections: ['slack'] } }
const POST = { tool: 'slack:post_message', args: { channel: 'board', text: 'hi' } }
const mode = 'shadow'

describe('a rule in shadow mode', () => {
  it('that would deny leaves the call allowed and says so', () => {
    const deny = {
      id: 'no',
      effect: 'deny',
      mode,
      args: { '/channel': { equals: 'board' } },
      tools: { names: ['post_message'] },
    }
    const policy = compile({ rules: [all, deny] })
    expect(call(policy, POST)).toEqual({
      effect: 'allow',
      rule: 'all',
      obligations: [],
      trace: [{ rule: 'all', effect: 'allow', matched: true, note: 'match' }],
      shadow: [{ rule: 'no', would: 'deny', note: 'match' }],
    })
    expect(call(policy, { ...POST, args: { channel: 'general' } })).not.toHaveProperty('shadow')
  })

  it('that requires says what would have failed, or would have been asked for', () => {
    const short = {
      id: 'short',
      effect: 'require',
      mode,
      args: { '/text': { maxLength: 1 } },
      tools: { names: ['post_message'] },
    }
    const logged = { id: 'logged', effect: 'require', mode, obligations: { log: 'hash' } }
    expect(call(compile({ rules: [all, logged, short] }), POST)).toMatchObject({
      effect: 'allow',
      obligations: [],
      shadow: [
        { rule: 'logged', would: 'obligations', note: 'match' },
        { rule: 'short', would: 'deny', note: '/text must have at most 1 characters' },
      ],
    })
  })

  it('says why for itself, not for a rule before it', () => {
    const other = {
      id: 'other',
      effect: 'deny',
      args: { '/channel': { equals: 'board' } },
      tools: { names: ['post_message'] },
    }
    const logged = { id: 'x', effect: 'require', mode, obligations: { log: 'hash' } }
    expect(call(compile({ rules: [all, other, logged] }), { ...POST, args: { channel: 'general' } }).shadow).toEqual([
      { rule: 'x', would: 'obligations', note: 'match' },
    ])
  })

  it('that allows says only that it alone would have let the call through', () => {
    const grant = { id: 'grant', effect: 'allow', mode, tools: { connections: ['gmail'] } }
    const never = { id: 'never', effect: 'deny', tools: { names: ['send_draft'] } }
    const policy = compile({ rules: [all, grant, never] })
    expect(call(policy, { tool: 'gmail:search_messages' })).toMatchObject({
      effect: 'deny',
      rule: undefined,
      shadow: [{ rule: 'grant', would: 'allow' }],
    })
    expect(call(policy, { tool: 'gmail:send_draft' })).not.toHaveProperty('shadow')
    expect(call(policy, POST)).not.toHaveProperty('shadow')
  })

  it('that asks for no more than others do already has nothing to say', () => {
    const logged = { ...all, obligations: { log: 'hash' } }
    const again = { id: 'again', effect: 'require', mode, obligations: { log: 'args' } }
    expect(call(compile({ rules: [logged, again] }), POST)).not.toHaveProperty('shadow')
    const never = { id: 'never', effect: 'deny', tools: { names: ['post_message'] } }
    expect(call(compile({ rules: [all, never, { ...again, obligations: { log: 'meta' } }] }), POST)).not.toHaveProperty(
      'shadow',
    )
  })

  it('never shows or hides a tool, and says what it would have shown', () => {
    const hide = { id: 'hide', effect: 'deny', mode, tools: { names: ['post_message'] } }
    const show = { id: 'show', effect: 'allow', mode, tools: { connections: ['jira'] } }
    const bare = viewOf(compile({ rules: [all] }), principalOf('ci')).tools.map(({ id }) => id)
    const policy = compile({ rules: [all, hide, show] })
    expect(viewOf(policy, principalOf('ci')).tools.map(({ id }) => id)).toEqual(bare)
    const see = (id: string) =>
      decide(policy, { principal: principalOf('ci'), tool: toolNamed(id), verb: 'see', at: NOON })
    expect(see('jira:add_comment')).toMatchObject({ effect: 'deny', shadow: [{ rule: 'show', would: 'allow' }] })
    expect(see('slack:post_message')).toMatchObject({ effect: 'allow', shadow: [{ rule: 'hide', would: 'deny' }] })
  })

  it('is explained as what it is', () => {
    const hide = { id: 'hide', effect: 'deny', mode, tools: { names: ['post_message'] } }
    const idle = { id: 'idle', effect: 'allow', mode }
    const policy = compile({ rules: [all, hide, idle] })
    const { rules } = explain(policy, {
      principal: principalOf('ci'),
      tool: toolNamed('slack:post_message'),
      verb: 'invoke',
      at: NOON,
    })
    expect(rules.slice(1)).toEqual([
      {
        rule: 'hide',
        effect: 'deny',
        matched: false,
        selected: false,
        shadow: true,
        note: 'in shadow mode: it would deny (match)',
      },
      {
        rule: 'idle',
        effect: 'allow',
        matched: false,
        selected: false,
        shadow: true,
        note: 'in shadow mode: it would change nothing here',
      },
    ])
  })
})
