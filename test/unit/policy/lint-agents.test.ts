import { describe, expect, it } from 'vitest'
import type { Tool } from '../../../src/kernel/tool.ts'
import { lintPolicy } from '../../../src/policy/lint/lint-policy.ts'
import type { FindingCode } from '../../../src/policy/lint/finding.ts'
import { compile, TOOLS, toolOf, WORLD } from './office.ts'

const on = (id: string, names: readonly string[], more: object = {}) => ({
  id,
  effect: 'allow',
  tools: { names },
  ...more,
})
const no = { effect: 'deny' }
const forCi = { subjects: { agents: ['ci'] } }

describe('lint of agents', () => {
  const of = (code: FindingCode, rules: readonly unknown[], world = {}) =>
    lintPolicy(compile({ rules }, world))
      .filter((finding) => finding.code === code)
      .map(({ agent, tools }) => [agent, tools])

  it('finds who can destroy, and who can reach what nobody has classified', () => {
    expect(of('agent_destructive', [on('a', ['delete_message'], forCi)])).toEqual([
      ['ci', ['conn:gmail:delete_message']],
    ])
    expect(of('agent_destructive', [on('a', ['send_message'])])).toEqual([])
    expect(of('unclassified_reachable', [on('a', ['run_workflow'], forCi)])).toEqual([
      ['ci', ['conn:slack:run_workflow']],
    ])
    expect(of('agent_destructive', [on('a', ['delete_message'], forCi), { id: 'n', ...no }])).toEqual([])
    const off = WORLD.agents.map((agent) => ({ ...agent, enabled: false }))
    expect(of('agent_destructive', [on('a', ['delete_message'], forCi)], { agents: off })).toEqual([])
    const grave = { ...toolOf('slack', 'pay', { effect: 'write' }), risk: 'critical' as const }
    expect(of('agent_destructive', [on('a', ['pay'], forCi)], { tools: [grave] })).toEqual([['ci', ['conn:slack:pay']]])
  })

  const all = { id: 'all', effect: 'allow', ...forCi, tools: { names: ['search_issues', 'fetch', 'send_message'] } }
  const world = { tools: [...TOOLS, toolOf('slack', 'fetch', { effect: 'read', external: true })] }

  it('finds an agent that reads secrets, reads strangers and sends', () => {
    expect(of('toxic_flow', [all], world)).toEqual([['ci', ['conn:gmail:send_message']]])
    expect(of('toxic_flow', [{ ...all, tools: { names: ['search_issues', 'send_message'] } }], world)).toEqual([])
    expect(of('toxic_flow', [{ ...all, tools: { names: ['fetch', 'send_message'] } }], world)).toEqual([])
    expect(of('toxic_flow', [{ ...all, tools: { names: ['fetch', 'search_issues'] } }], world)).toEqual([])
    const writes = { ...all, tools: { names: ['fetch', 'add_comment', 'send_message'] } }
    expect(of('toxic_flow', [writes], world)).toEqual([])
    const told = { ...all, tools: { names: ['search_issues', 'send_message', 'post_message'] } }
    const label = { label: ['untrusted', 'confidential'] }
    expect(
      of(
        'toxic_flow',
        [told, on('l', ['send_message', 'post_message'], { effect: 'require', obligations: label })],
        world,
      ),
    ).toEqual([])
  })

  it('takes labels into account', () => {
    const two = { ...all, tools: { names: ['search_issues', 'send_message'] } }
    const label = (labels: readonly string[], name: string) =>
      on(`l-${name}`, [name], { effect: 'require', obligations: { label: labels } })
    expect(of('toxic_flow', [two, label(['untrusted'], 'search_issues')], world)).toHaveLength(1)
    const other = { ...all, tools: { names: ['fetch', 'send_message'] } }
    expect(of('toxic_flow', [other, label(['confidential'], 'fetch')], world)).toHaveLength(1)
  })

  it('looks for labels among other duties', () => {
    const log = on('log', ['fetch', 'search_issues'], { effect: 'require', obligations: { log: 'hash' } })
    expect(of('toxic_flow', [all, log], world)).toHaveLength(1)
  })

  it('is content with a guard on what sends', () => {
    const approval = { approvers: ['machines'] }
    const guard = on('g', ['send_message'], { effect: 'require', obligations: { approval } })
    expect(of('toxic_flow', [all, guard], world)).toEqual([])
    const watch = on('g', ['send_message'], { ...no, run: { seen: ['untrusted'] } })
    expect(of('toxic_flow', [all, watch], world)).toEqual([])
    expect(of('toxic_flow', [{ ...all, obligations: { approval } }], world)).toEqual([])
    const log = on('g', ['send_message'], { effect: 'require', obligations: { log: 'hash' } })
    expect(of('toxic_flow', [all, log], world)).toHaveLength(1)
    expect(of('toxic_flow', [{ ...all, obligations: { approval } }, log], world)).toEqual([])
    expect(of('toxic_flow', [all, { ...guard, obligations: { approval, log: 'hash' } }], world)).toEqual([])
    expect(of('toxic_flow', [{ ...all, obligations: { log: 'hash' } }], world)).toHaveLength(1)
    const short = on('g', ['send_message'], { effect: 'require', args: { '/to': { maxItems: 1 } } })
    expect(of('toxic_flow', [all, short], world)).toHaveLength(1)
    const second = { ...all, id: 'second' }
    expect(of('toxic_flow', [second, { ...all, obligations: { approval } }], world)).toHaveLength(1)
    expect(of('toxic_flow', [second, { ...all, run: { seen: ['untrusted'] } }], world)).toHaveLength(1)
  })
})

describe('lint of tools that stand behind two connections', () => {
  const wiki = { ...toolOf('slack', 'edit_page'), fingerprint: 'one' }
  const mirror = { ...toolOf('jira', 'edit_page'), fingerprint: 'one' }
  const only = (connection: string) => ({ tools: { connections: [connection] } })
  const of = (rules: readonly object[], tools: readonly Tool[] = [wiki, mirror]) =>
    lintPolicy(compile({ rules }, { tools })).filter(({ code }) => code === 'open_elsewhere')
  const all = { id: 'all', effect: 'allow', ...forCi }
  const deny = { id: 'never', effect: 'deny', ...only('slack') }

  it('finds what an agent is denied through one and reaches through the other', () => {
    expect(of([all, deny])).toMatchObject([
      {
        agent: 'ci',
        severity: 'warning',
        path: '',
        tools: ['conn:jira:edit_page'],
        message:
          'Agent "ci" is denied the tool conn:slack:edit_page, and reaches the same through the tool conn:jira:edit_page.',
        fix: 'Deny them by name instead of by connection, or leave them open on purpose.',
      },
    ])
  })

  it('names only what has two ways, of which one is open', () => {
    const both = (name: string) =>
      ['slack', 'jira'].map((connection) => ({ ...toolOf(connection, name), fingerprint: name }))
    const tools = [...both('edit_page'), ...both('drop_page'), toolOf('slack', 'ping')]
    const rules = [all, deny, { id: 'gone', effect: 'deny', tools: { names: ['drop_page'] } }]
    expect(of(rules, tools).map(({ tools: open, message }) => [open, message])).toEqual([
      [
        ['conn:jira:edit_page'],
        'Agent "ci" is denied the tool conn:slack:edit_page, and reaches the same through the tool conn:jira:edit_page.',
      ],
    ])
  })

  it('is content where both are open or closed, where they differ, and where nothing is denied', () => {
    expect(of([all])).toEqual([])
    expect(of([all, { id: 'never', effect: 'deny', tools: { names: ['edit_page'] } }])).toEqual([])
    expect(of([{ ...all, ...only('jira') }])).toEqual([])
    expect(of([all, { ...deny, when: { days: ['mon'] } }])).toEqual([])
    expect(of([all, deny], [wiki, { ...mirror, fingerprint: 'other' }])).toEqual([])
    expect(of([all, { ...deny, subjects: { agents: ['sidekick'] } }])).toEqual([])
  })
})
