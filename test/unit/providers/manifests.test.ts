import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../../contract/vendor-examples.ts'
import { schemaValidator } from '../../../src/gateway/validator.ts'
import { toSourceTools } from '../../../src/sources/provider-tools.ts'

const ALL = PROVIDERS.flatMap(({ id, actions }) =>
  Object.entries(actions).map(([name, action]) => ({ id: `${id}.${name}`, name, action })),
)

describe('the manifests of services', () => {
  it('offer a handful of actions each, not an API', () => {
    expect(PROVIDERS.map(({ id, actions }) => [id, Object.keys(actions).length])).toEqual([
      ['github', 13],
      ['slack', 11],
      ['gmail', 10],
      ['google-calendar', 11],
      ['jira', 14],
      ['notion', 14],
    ])
  })

  it('say of every action whether it may be repeated', () => {
    const silent = ALL.filter(({ action }) => !/\b(?:repeat|retry)\b/i.test(action.description))
    expect(silent.map(({ id }) => id)).toEqual([])
  })

  it('say of nothing that is safe to retry that a second call does more', () => {
    const torn = ALL.filter(({ action }) => action.idempotent && /not safe to retry/i.test(action.description))
    expect(torn.map(({ id }) => id)).toEqual([])
  })

  it('mark what reaches people, and what cannot be taken back', () => {
    const ids = (wanted: (typeof ALL)[number]['action']['effect'] | 'external') =>
      ALL.filter(({ action }) => (wanted === 'external' ? action.external : action.effect === wanted)).map(
        ({ id }) => id,
      )
    expect(ids('destructive')).toEqual([
      'github.merge_pull_request',
      'slack.delete_message',
      'gmail.trash_message',
      'google-calendar.delete_event',
      'notion.trash_page',
    ])
    expect(ids('external')).toEqual([
      'github.create_issue',
      'github.update_issue',
      'github.comment_on_issue',
      'github.merge_pull_request',
      'slack.send_message',
      'slack.update_message',
      'slack.schedule_message',
      'gmail.send_message',
      'gmail.send_draft',
      'google-calendar.schedule_meeting',
      'google-calendar.update_event',
      'google-calendar.set_event_guests',
      'google-calendar.delete_event',
      'jira.create_issue',
      'jira.update_issue',
      'jira.comment_on_issue',
      'jira.assign_issue',
      'jira.transition_issue',
      'notion.create_comment',
    ])
    expect(ids('external').filter((id) => ids('read').includes(id))).toEqual([])
  })

  it('check arguments with patterns that run in linear time', () => {
    const patterns = PROVIDERS.flatMap((provider) => patternsIn(toSourceTools(provider)))
    expect(patterns.length).toBeGreaterThan(20)
    expect(patterns.filter((pattern) => !compiles(pattern))).toEqual([])
  })

  it('have input schemas that refuse a misspelled argument', () => {
    const validator = schemaValidator()
    const accepting = PROVIDERS.flatMap((provider) => toSourceTools(provider)).filter(({ definition }) =>
      validator.fits(definition.name, { ...definition.inputSchema, required: [] }, { mispeled: true }),
    )
    expect(accepting.map(({ definition }) => definition.name)).toEqual([])
  })

  it('accept the tokens of their vendor, of every age, and no line break', () => {
    const tokens: Readonly<Record<string, readonly string[]>> = {
      github: ['ghp_0123456789abcdef', 'github_pat_11ABCDEFG0abcdef_0123'],
      slack: ['xoxb-1-2-abcdef', 'xoxe.xoxp-1-abcdef'],
      gmail: ['ya29.a0Af_x-y'],
      'google-calendar': ['ya29.a0Af_x-y'],
      jira: ['ATATT3xFfGF0abc-_=DEF123', '0123456789abcdefABCDEF01'],
      notion: ['ntn_0123456789abcdefghij', 'secret_0123456789abcdefghij'],
    }
    for (const { id, auth } of PROVIDERS) {
      const field = auth.find((way) => way.id === 'token')?.fields.find((each) => each.secret)
      const pattern = new RegExp(field?.pattern ?? '')
      expect([id, tokens[id]?.every((token) => pattern.test(token))]).toEqual([id, true])
      const wrong = ['short', 'has a space in it 0123', 'two\r\nlines-of-token-0123456789']
      expect([id, wrong.filter((token) => pattern.test(token))]).toEqual([id, []])
    }
  })
})

function patternsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(patternsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'pattern' && typeof inner === 'string' ? [inner] : patternsIn(inner),
  )
}

function compiles(pattern: string): boolean {
  try {
    return Boolean(RE2JS.compile(pattern))
  } catch {
    return false
  }
}
