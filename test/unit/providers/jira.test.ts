import { describe, expect, it } from 'vitest'
import { fromAdf } from '../../../providers/jira/from-adf.ts'
import jira from '../../../providers/jira/index.ts'
import { toAdf } from '../../../providers/jira/to-adf.ts'
import { kindOf, reply, sent, sentJson, shown } from './replies.ts'

const { actions } = jira
const ann = { accountId: '5b10ac8d', displayName: 'Ann Lee', emailAddress: 'ann@example.com', avatarUrls: {} }
const doc = (...content: object[]) => ({ type: 'doc', version: 1, content })
const paragraph = (text: string) => ({ type: 'paragraph', content: [{ type: 'text', text }] })

const issue = (fields: object = {}, self = 'https://acme.atlassian.net/rest/api/3/issue/10042') => ({
  id: '10042',
  key: 'WEB-42',
  self,
  fields: {
    summary: 'Login fails',
    status: { name: 'In Progress', statusCategory: { id: 4, key: 'indeterminate', name: 'In Progress' } },
    issuetype: { name: 'Bug', subtask: false },
    priority: { name: 'High' },
    assignee: ann,
    reporter: null,
    project: { key: 'WEB', name: 'Website' },
    labels: ['frontend'],
    created: '2026-01-01T10:00:00.000+0100',
    updated: '2026-01-02T10:00:00.000+0100',
    duedate: null,
    resolution: null,
    ...fields,
  },
})

describe('Jira issues', () => {
  it('are found page by page, until Jira says that it was the last', () => {
    const page = (rest: object) => reply({ issues: [issue()], ...rest })
    expect(shown(actions.search_issues, { jql: 'project = WEB' }, page({ nextPageToken: 'n', isLast: false }))).toEqual(
      {
        issues: [
          {
            key: 'WEB-42',
            title: 'Login fails',
            type: 'Bug',
            status: 'In Progress',
            status_category: 'indeterminate',
            priority: 'High',
            project: 'WEB',
            assignee: { account_id: '5b10ac8d', name: 'Ann Lee' },
            labels: ['frontend'],
            created: '2026-01-01T10:00:00.000+0100',
            updated: '2026-01-02T10:00:00.000+0100',
            url: 'https://acme.atlassian.net/browse/WEB-42',
          },
        ],
        next_page_token: 'n',
      },
    )
    expect(shown(actions.search_issues, { jql: 'project = WEB' }, page({ isLast: true }))).not.toHaveProperty(
      'next_page_token',
    )
  })

  it('are asked for with their fields, since Jira answers with ids alone otherwise', async () => {
    const body = await sentJson(actions.search_issues, { jql: 'project = WEB', custom_fields: ['customfield_10016'] })
    expect(body).toMatchObject({ fields: expect.arrayContaining(['summary', 'status', 'customfield_10016']) })
    expect(body).not.toHaveProperty('nextPageToken')
  })

  it('have a page for people only where Jira names the site', () => {
    const gateway = 'https://api.atlassian.com/ex/jira/1/rest/api/3/issue/10042'
    for (const self of [gateway, 'https://evil.example/x', 'javascript:alert(1)', 'https://xatlassian.net/']) {
      const found = shown(actions.search_issues, { jql: 'x' }, reply({ issues: [issue({}, self)], isLast: true }))
      expect(JSON.stringify(found)).not.toContain('url')
    }
  })

  it('are read with text as Markdown and the latest comments, the oldest of them first', async () => {
    const comment = (id: string, text: string) => ({ id, author: ann, created: '2026', body: doc(paragraph(text)) })
    const input = { issue_key: 'WEB-42', comments: 2 }
    const parsed = actions.get_issue.input.parse(input)
    expect(actions.get_issue.followUps?.(reply(issue()), parsed)).toMatchObject([
      { path: '/rest/api/3/issue/WEB-42/comment', query: { orderBy: '-created', maxResults: 2 } },
    ])
    expect(actions.get_issue.followUps?.(reply(issue()), { ...parsed, comments: 0 })).toEqual([])
    const comments = reply({ comments: [comment('3', 'newer'), comment('2', 'older')] })
    const body = issue({ description: doc(paragraph('Steps: …')) })
    expect(shown(actions.get_issue, input, reply(body), comments)).toMatchObject({
      description: 'Steps: …',
      latest_comments: [
        { id: '2', body: 'older' },
        { id: '3', body: 'newer', author: { name: 'Ann Lee' } },
      ],
    })
  })

  it('show custom fields as a person sees them', () => {
    const fields = {
      customfield_1: 3,
      customfield_2: { self: 'https://…', value: 'Blue', id: '1' },
      customfield_3: [{ name: 'Sprint 1', id: 1 }, { displayName: 'Ann Lee' }],
      customfield_4: doc(paragraph('text')),
      customfield_5: null,
      customfield_6: { strange: true },
    }
    expect(shown(actions.search_issues, { jql: 'x' }, reply({ issues: [issue(fields)] }))).toMatchObject({
      issues: [
        {
          custom_fields: {
            customfield_1: 3,
            customfield_2: 'Blue',
            customfield_3: ['Sprint 1', 'Ann Lee'],
            customfield_4: 'text',
            customfield_6: '{"strange":true}',
          },
        },
      ],
    })
  })

  it('are created with what was given and nothing else', async () => {
    const body = await sentJson(actions.create_issue, {
      project_key: 'WEB',
      issue_type: 'Bug',
      title: 'Login fails',
      description: 'On **Safari**',
      custom_fields: { customfield_10016: 3 },
    })
    expect(body).toEqual({
      fields: {
        project: { key: 'WEB' },
        issuetype: { name: 'Bug' },
        summary: 'Login fails',
        customfield_10016: 3,
        description: doc({
          type: 'paragraph',
          content: [
            { type: 'text', text: 'On ' },
            { type: 'text', text: 'Safari', marks: [{ type: 'strong' }] },
          ],
        }),
      },
    })
  })

  it.each(['project', 'assignee', 'summary', 'customfield_x', '__proto__x', 'customfield_1\n'])(
    'cannot be given the field %j past the argument that rules are about',
    (name) => {
      const input = { project_key: 'WEB', issue_type: 'Bug', title: 'x', custom_fields: { [name]: 'y' } }
      expect(actions.create_issue.input.safeParse(input).success).toBe(false)
    },
  )

  it('are changed only in what is named; null empties', async () => {
    expect(await sentJson(actions.update_issue, { issue_key: 'WEB-42', due_date: null, labels: [] })).toEqual({
      fields: { duedate: null, labels: [] },
    })
    await expect(sent(actions.update_issue, { issue_key: 'WEB-42' })).rejects.toThrow(/Nothing to change/)
    expect(shown(actions.update_issue, { issue_key: 'WEB-42', labels: [] }, reply(undefined, 204))).toEqual({
      issue_key: 'WEB-42',
      done: true,
    })
    expect(await sentJson(actions.assign_issue, { issue_key: 'WEB-42', assignee_id: null })).toEqual({
      accountId: null,
    })
  })

  it('are commented for all, or for one role', async () => {
    const comment = { issue_key: 'WEB-42', body: 'Fixed.' }
    expect(await sentJson(actions.comment_on_issue, comment)).toEqual({ body: doc(paragraph('Fixed.')) })
    expect(await sentJson(actions.comment_on_issue, { ...comment, visible_to_role: 'Developers' })).toMatchObject({
      visibility: { type: 'role', value: 'Developers' },
    })
  })

  it('move by the id of a transition', async () => {
    const transitions = reply({
      transitions: [
        { id: '31', name: 'Finish', hasScreen: true, to: { name: 'Done', statusCategory: { key: 'done' } } },
      ],
    })
    expect(shown(actions.list_transitions, { issue_key: 'WEB-42' }, transitions)).toEqual({
      transitions: [{ id: '31', name: 'Finish', to_status: 'Done', to_category: 'done', asks_for_fields: true }],
    })
    expect(await sentJson(actions.transition_issue, { issue_key: 'WEB-42', transition_id: '31' })).toEqual({
      transition: { id: '31' },
    })
  })

  it('get work booked in the form of time that Jira wants', async () => {
    const work = { issue_key: 'WEB-42', seconds: 5_400, started: '2026-01-31T09:00:00+01:00' }
    expect(await sentJson(actions.log_work, work)).toEqual({
      timeSpentSeconds: 5_400,
      started: '2026-01-31T08:00:00.000+0000',
    })
  })

  it.each(['..', 'WEB-42/../x', 'WEB 42', 'WEB-42?x=1', '', 'WEB-42\n', 'WEB-42%2f'])(
    'are not asked for as %j',
    (key) => {
      expect(actions.get_issue.input.safeParse({ issue_key: key }).error?.issues[0]?.path).toEqual(['issue_key'])
    },
  )
})

describe('Jira lists', () => {
  it('go on by the number of entries that were there', () => {
    const projects = (rest: object) =>
      shown(
        actions.search_projects,
        {},
        reply({ values: [{ key: 'WEB', id: '1', name: 'Website', projectTypeKey: 'software' }], ...rest }),
      )
    expect(projects({ startAt: 50, isLast: false, total: 60 })).toEqual({
      projects: [{ key: 'WEB', id: '1', name: 'Website', type: 'software' }],
      next_start: 51,
    })
    expect(projects({ startAt: 50, isLast: true })).not.toHaveProperty('next_start')
    const types = (total: number) =>
      shown(
        actions.list_issue_types,
        { project_key: 'WEB' },
        reply({ issueTypes: [{ id: '1', name: 'Bug', subtask: false }], startAt: 0, maxResults: 1, total }),
      )
    expect(types(1)).toEqual({ issue_types: [{ id: '1', name: 'Bug', subtask: false }] })
    expect(types(2)).toMatchObject({ next_start: 1 })
    const users = shown(actions.search_users, { query: 'Ann', start_at: 20 }, reply([ann, { accountId: 'x' }]))
    expect(users).toEqual({
      users: [
        { account_id: '5b10ac8d', name: 'Ann Lee', email: 'ann@example.com' },
        { account_id: 'x', name: '' },
      ],
      next_start: 22,
    })
    expect(shown(actions.search_users, { query: 'Ann' }, reply([]))).toEqual({ users: [] })
  })

  it('tell which fields an issue needs, and what they may hold', () => {
    const fields = [
      {
        fieldId: 'priority',
        key: 'priority',
        name: 'Priority',
        required: true,
        schema: { type: 'priority' },
        allowedValues: [{ id: '1', name: 'High', iconUrl: '…' }, { id: '2', value: 'Low' }, 7],
      },
    ]
    const input = { project_key: 'WEB', issue_type_id: '1' }
    expect(shown(actions.list_create_fields, input, reply({ fields, total: 1 }))).toEqual({
      fields: [
        {
          id: 'priority',
          name: 'Priority',
          required: true,
          type: 'priority',
          allowed_values: [
            { id: '1', name: 'High' },
            { id: '2', name: 'Low' },
          ],
        },
      ],
    })
  })
})

describe('the document format', () => {
  const markdown = [
    '## Steps',
    'Open **/login** on `Safari`,\nthen *wait*.',
    '1. one\n2. two\n  - inner',
    '> quoted',
    '```ts\nlogin()\n```',
    '---',
    'See [the log](https://example.com/log) ~~now~~',
  ].join('\n\n')

  it('comes back as it was written', () => {
    expect(fromAdf(toAdf(markdown))).toBe(markdown)
  })

  it('holds people, line ends and tasks; no node without text', () => {
    expect(toAdf('[~accountid:5b10]\nhi\n- [x] done\n```\n```').content).toEqual([
      {
        type: 'paragraph',
        content: [{ type: 'mention', attrs: { id: '5b10' } }, { type: 'hardBreak' }, { type: 'text', text: 'hi' }],
      },
      {
        type: 'bulletList',
        content: [
          {
            type: 'listItem',
            content: [
              {
                type: 'paragraph',
                content: [
                  { type: 'text', text: '☑ ' },
                  { type: 'text', text: 'done' },
                ],
              },
            ],
          },
        ],
      },
      { type: 'codeBlock' },
    ])
  })

  it('gives the words of everything else that Jira can hold', () => {
    const cell = (text: string) => ({ type: 'tableCell', content: [paragraph(text)] })
    expect(
      fromAdf(
        doc(
          { type: 'panel', attrs: { panelType: 'info' }, content: [paragraph('note')] },
          { type: 'table', content: [{ type: 'tableRow', content: [cell('a|b'), cell('c')] }] },
          { type: 'mediaSingle', content: [{ type: 'media', attrs: { id: 'm1', alt: 'shot.png' } }] },
          {
            type: 'paragraph',
            content: [
              { type: 'mention', attrs: { id: '5b10', text: '@Ann' } },
              { type: 'text', text: ' ' },
              { type: 'status', attrs: { text: 'DONE' } },
              { type: 'inlineCard', attrs: { url: 'https://example.com' } },
              { type: 'date', attrs: { timestamp: '1769817600000' } },
            ],
          },
          {
            type: 'taskList',
            content: [{ type: 'taskItem', attrs: { state: 'DONE' }, content: [{ type: 'text', text: 't' }] }],
          },
          { type: 'newThing', content: [paragraph('within')] },
        ),
      ),
    ).toBe(
      [
        '> note',
        '| a\\|b | c |',
        '[attachment: shot.png]',
        '@Ann [~accountid:5b10] [DONE]https://example.com2026-01-31',
        '- [x] t',
        'within',
      ].join('\n\n'),
    )
  })

  it('is read whatever it is: no document, a broken one, one that is too deep', () => {
    expect([undefined, null, 7, {}, [], { type: 'doc' }, doc({ noType: true })].map(fromAdf)).toEqual(
      Array.from({ length: 7 }, () => ''),
    )
    expect(fromAdf('old plain text')).toBe('old plain text')
    const deep = Array.from({ length: 2_000 }).reduce<object>(
      (node) => ({ type: 'blockquote', content: [node] }),
      paragraph('x'),
    )
    expect(fromAdf(doc(deep)).length).toBeLessThan(100)
  })
})

describe('Jira refusals', () => {
  it('are read by status, header and words', () => {
    expect(kindOf(jira, reply({ message: 'Unauthorized; scope does not match' }, 401))).toBe('missing_scope')
    expect(kindOf(jira, reply('Client must be authenticated', 401))).toBe('reauth')
    expect(kindOf(jira, reply({ errorMessages: ['gone'] }, 404))).toBe('not_found')
    expect(kindOf(jira, reply({}, 403))).toBe('forbidden')
    expect(kindOf(jira, reply({}, 503))).toBe('upstream')
    expect(kindOf(jira, reply({ issues: [] }))).toBe('fine')
  })

  it('are seen where Jira answers a stranger instead of refusing a bad token', () => {
    const headers = { 'x-seraph-loginreason': 'AUTHENTICATED_FAILED' }
    expect(kindOf(jira, reply({ issues: [], isLast: true }, 200, headers))).toBe('reauth')
    expect(kindOf(jira, reply({ issues: [] }, 200, { 'x-seraph-loginreason': 'OK' }))).toBe('fine')
  })

  it('tell which field is wrong, and when to come back', () => {
    const wrong = { errorMessages: [], errors: { summary: 'You must specify a summary.', 'a/b': 'x' } }
    expect(jira.failure(reply(wrong, 400))?.message).toBe('summary: You must specify a summary.; a/b: x')
    const both = { errorMessages: ['Not valid'], errors: { duedate: 'wrong' } }
    expect(jira.failure(reply(both, 400))?.message).toBe('Not valid; duedate: wrong')
    const reset = { 'x-ratelimit-reset': '2026-01-31T10:00:00Z' }
    expect(jira.failure(reply({}, 429, reset))).toMatchObject({ retryAt: Date.parse('2026-01-31T10:00:00Z') })
    expect(jira.failure(reply({}, 429, { ...reset, 'retry-after': '7' }))).toMatchObject({ retryAfterMs: 7_000 })
  })

  it('come without an account, an answer with it', () => {
    expect(jira.whoami?.account(reply(ann))).toBe('Ann Lee')
    expect(jira.whoami?.account(reply({}))).toBeUndefined()
  })
})
