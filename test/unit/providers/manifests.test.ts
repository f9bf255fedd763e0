import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../../contract/vendor-examples.ts'
import { schemaValidator } from '../../../src/gateway/validator.ts'
import { toSourceTools } from '../../../src/sources/provider-tools.ts'

const ALL = PROVIDERS.flatMap(({ id, actions }) =>
  Object.entries(actions).map(([name, action]) => ({ id: `${id}.${name}`, name, action })),
)

describe('the manifests of GitHub, Slack and Gmail', () => {
  it('offer a handful of actions each, not an API', () => {
    expect(PROVIDERS.map(({ id, actions }) => [id, Object.keys(actions).length])).toEqual([
      ['github', 13],
      ['slack', 11],
      ['gmail', 10],
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
    expect(ids('destructive')).toEqual(['github.merge_pull_request', 'slack.delete_message', 'gmail.trash_message'])
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

  it('accept tokens of every age, and no line break', () => {
    const patterns = PROVIDERS.map(({ auth }) => new RegExp(auth[0]?.fields[0]?.pattern ?? ''))
    for (const pattern of patterns) {
      expect(['ghp_0123456789abcdef', 'xoxb-1-2-abcdef', 'ya29.a0Af_x-y'].every((token) => pattern.test(token))).toBe(
        true,
      )
      expect(['short', 'has a space in it', 'two\r\nlines-of-token'].some((token) => pattern.test(token))).toBe(false)
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
