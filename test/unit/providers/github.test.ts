import { describe, expect, it } from 'vitest'
import github from '../../../providers/github/index.ts'
import { kindOf, reply, sent, sentJson, shown } from './replies.ts'

const { actions } = github
const repository = { owner: 'acme', repo: 'website' }

const issue = (extra: object = {}) => ({
  id: 1,
  node_id: 'I_1',
  number: 42,
  title: 'Login fails',
  state: 'open',
  state_reason: null,
  body: 'Steps: …',
  user: { login: 'octocat', id: 1, avatar_url: 'https://example.com/a.png' },
  labels: [{ id: 1, name: 'bug', color: 'f00' }, 'ui'],
  assignees: [{ login: 'ann' }],
  comments: 0,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-02T00:00:00Z',
  closed_at: null,
  html_url: 'https://github.com/acme/website/issues/42',
  repository_url: 'https://api.github.com/repos/acme/website',
  reactions: { '+1': 3 },
  ...extra,
})

describe('GitHub issues', () => {
  it('are listed without their bodies, and pull requests are told apart', () => {
    const link = '<https://api.github.com/repositories/1/issues?page=3>; rel="next"'
    const page = reply([issue(), issue({ number: 43, user: null, pull_request: { url: '…' } })], 200, { link })
    expect(shown(actions.list_issues, repository, page)).toEqual({
      issues: [
        {
          number: 42,
          title: 'Login fails',
          state: 'open',
          author: 'octocat',
          labels: ['bug', 'ui'],
          assignees: ['ann'],
          comments: 0,
          is_pull_request: false,
          created_at: '2026-01-01T00:00:00Z',
          updated_at: '2026-01-02T00:00:00Z',
          url: 'https://github.com/acme/website/issues/42',
        },
        expect.objectContaining({ number: 43, is_pull_request: true }),
      ],
      next_page: 3,
    })
  })

  it('are found across repositories with the repository of each', () => {
    const found = reply({ total_count: 1, incomplete_results: false, items: [issue()] })
    expect(shown(actions.search_issues, { query: 'login is:issue' }, found)).toMatchObject({
      total: 1,
      issues: [{ number: 42, repository: 'acme/website' }],
    })
  })

  it('are read with their latest comments, asking for no more pages than that takes', () => {
    const input = actions.get_issue.input.parse({ ...repository, issue_number: 42, comments: 10 })
    const pages = (total: number, comments = 10) =>
      actions.get_issue
        .followUps?.(reply(issue({ comments: total })), { ...input, comments })
        .map(({ query }) => query?.['page'])
    expect(pages(0)).toEqual([])
    expect(pages(13, 0)).toEqual([])
    expect(pages(7)).toEqual([1])
    expect(pages(30)).toEqual([2, 3])
    expect(pages(31)).toEqual([3, 4])
  })

  it('show the newest comments when there are more than asked for', () => {
    const comment = (id: number) => ({
      id,
      user: { login: 'ann' },
      created_at: '2026-01-03T00:00:00Z',
      body: `number ${id}`,
      html_url: `https://github.com/acme/website/issues/42#issuecomment-${id}`,
    })
    const first = reply(issue({ comments: 3 }))
    const pages = [reply([comment(1), comment(2)]), reply([comment(3)])]
    expect(shown(actions.get_issue, { ...repository, issue_number: 42, comments: 2 }, first, ...pages)).toMatchObject({
      body: 'Steps: …',
      latest_comments: [{ id: 2 }, { id: 3, author: 'ann', body: 'number 3' }],
    })
  })

  it('are cut when somebody pasted a novel, and say so', () => {
    const { body } = shown(
      actions.get_issue,
      { ...repository, issue_number: 42 },
      reply(issue({ body: 'x'.repeat(60_000) })),
    ) as {
      body: string
    }
    expect(body.endsWith('… [cut: 40000 more characters]')).toBe(true)
    expect(body.length).toBeLessThan(20_100)
  })

  it('are not updated with nothing to change', async () => {
    await expect(sent(actions.update_issue, { ...repository, issue_number: 42 })).rejects.toThrow(/Nothing to change/)
    expect(await sentJson(actions.update_issue, { ...repository, issue_number: 42, labels: [] })).toEqual({
      labels: [],
    })
  })

  it('cannot be reached through names that climb or smuggle', () => {
    for (const repo of ['..', 'a/b', 'a?b', 'a%2fb', '']) {
      const parsed = actions.get_issue.input.safeParse({ owner: 'acme', repo, issue_number: 1 })
      const climbs = parsed.success && (() => actions.get_issue.request(parsed.data, {}))
      if (climbs) expect(climbs).toThrow(/cannot be part of an address/)
      else expect(parsed.error?.issues[0]?.path).toEqual(['repo'])
    }
  })
})

describe('GitHub pull requests', () => {
  const pull = {
    number: 43,
    title: 'Fix login',
    state: 'open',
    draft: false,
    body: null,
    user: { login: 'octocat' },
    head: { ref: 'fix', sha: 'a'.repeat(40), repo: null },
    base: { ref: 'main', sha: 'b'.repeat(40), repo: { full_name: 'acme/website' } },
    labels: [],
    requested_reviewers: [{ login: 'ann' }],
    merged: false,
    mergeable: null,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-02T00:00:00Z',
    merged_at: null,
    html_url: 'https://github.com/acme/website/pull/43',
  }

  it('tell the head_sha that a merge needs, and nothing of what GitHub does not know yet', () => {
    const detail = shown(actions.get_pull_request, { ...repository, pull_number: 43 }, reply(pull))
    expect(detail).toMatchObject({ head: 'fix', head_sha: 'a'.repeat(40), base: 'main', requested_reviewers: ['ann'] })
    expect(detail).not.toHaveProperty('mergeable')
    expect(detail).not.toHaveProperty('head_repository')
  })

  it('are merged only with the commit that was looked at', async () => {
    const merge = { ...repository, pull_number: 43 }
    expect(actions.merge_pull_request.input.safeParse(merge).error?.issues[0]?.path).toEqual(['sha'])
    expect(await sentJson(actions.merge_pull_request, { ...merge, sha: 'a'.repeat(40) })).toEqual({
      sha: 'a'.repeat(40),
      merge_method: 'merge',
    })
  })

  it('list files with their diffs cut, or without', () => {
    const files = reply([
      { filename: 'a.ts', status: 'modified', additions: 1, deletions: 0, patch: '+'.repeat(5_000) },
    ])
    const list = (include_patch: boolean) =>
      shown(actions.list_pull_request_files, { ...repository, pull_number: 43, include_patch }, files)
    expect(list(true)).toMatchObject({
      files: [{ patch: expect.stringContaining('… [cut: 2000 more characters]') }],
    })
    expect(list(false)).toEqual({ files: [{ filename: 'a.ts', status: 'modified', additions: 1, deletions: 0 }] })
  })
})

describe('GitHub files', () => {
  const file = (text: string | Uint8Array, extra: object = {}) =>
    reply({
      type: 'file',
      path: 'README.md',
      sha: 'c'.repeat(40),
      size: text.length,
      encoding: 'base64',
      // GitHub breaks base64 into lines.
      content: Buffer.from(text as Uint8Array)
        .toString('base64')
        .replaceAll(/.{60}/g, '$&\n'),
      html_url: 'https://github.com/acme/website/blob/main/README.md',
      ...extra,
    })
  const input = { ...repository, path: 'README.md' }

  it('are decoded as UTF-8, also over line breaks in the base64', () => {
    const text = `Grüße 👋 ${'äöü '.repeat(50)}`
    expect(shown(actions.get_file_contents, input, file(text))).toMatchObject({ type: 'file', text })
  })

  it('come in parts that join to the whole, without splitting a character', () => {
    const text = `${'x'.repeat(99)}👋${'y'.repeat(150)}`
    const parts: string[] = []
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const part = shown(actions.get_file_contents, { ...input, offset, max_characters: 100 }, file(text)) as {
        text: string
        next_offset?: number
      }
      expect(part.text).not.toMatch(/[\uD800-\uDBFF]$/)
      parts.push(part.text)
      offset = part.next_offset
    }
    expect(parts.join('')).toBe(text)
    expect(parts.length).toBe(3)
  })

  it('say why there is no text: binary, or too large for GitHub to send', () => {
    expect(shown(actions.get_file_contents, input, file(new Uint8Array([0x89, 0x50, 0, 1])))).toMatchObject({
      note: expect.stringContaining('binary'),
    })
    expect(shown(actions.get_file_contents, input, file('', { encoding: 'none', content: '' }))).toMatchObject({
      note: expect.stringContaining('1 MB'),
    })
  })

  it('are listed when the path is a folder', () => {
    const entries = [{ name: 'a.ts', path: 'src/a.ts', type: 'file', size: 3, sha: 'd'.repeat(40) }]
    expect(shown(actions.get_file_contents, { ...repository, path: 'src' }, reply(entries))).toEqual({
      type: 'folder',
      path: 'src',
      entries: [{ name: 'a.ts', path: 'src/a.ts', type: 'file', size: 3 }],
    })
  })

  it('are asked for segment by segment, never by a path that climbs', async () => {
    expect((await sent(actions.get_file_contents, { ...repository, path: 'a b/ç.md' })).path).toBe(
      '/repos/acme/website/contents/a%20b/%C3%A7.md',
    )
    for (const path of ['../secrets', 'a/../../b', '/etc/passwd', 'a//b', 'a/..%2fb']) {
      await expect(sent(actions.get_file_contents, { ...repository, path })).rejects.toThrow(/cannot be part of/)
    }
  })
})

describe('GitHub refusals', () => {
  it('are read by status, header and words', () => {
    const kinds: readonly (readonly [string, ReturnType<typeof reply>])[] = [
      ['fine', reply({}, 200)],
      ['fine', reply(undefined, 204)],
      ['reauth', reply({ message: 'Bad credentials' }, 401)],
      ['forbidden', reply({ message: 'Repository was archived so is read-only.' }, 403)],
      ['missing_scope', reply({ message: 'Resource not accessible by personal access token' }, 403)],
      ['rate_limit_exceeded', reply({ message: 'API rate limit exceeded' }, 403, { 'x-ratelimit-remaining': '0' })],
      ['rate_limit_exceeded', reply({ message: 'You have exceeded a secondary rate limit.' }, 403)],
      ['rate_limit_exceeded', reply({ message: 'Forbidden' }, 403, { 'retry-after': '30' })],
      ['rate_limit_exceeded', reply({ message: 'Too many requests' }, 429)],
      ['not_found', reply({ message: 'Not Found' }, 404)],
      ['not_found', reply({ message: 'Moved Permanently' }, 301)],
      ['not_found', reply({ message: 'Issues are disabled for this repo' }, 410)],
      ['conflict', reply({ message: 'Pull Request is not mergeable' }, 405)],
      ['conflict', reply({ message: 'Head branch was modified. Review and try the merge again.' }, 409)],
      ['invalid_input', reply({ message: 'Validation Failed' }, 422)],
      ['upstream', reply('<html>Unicorn!</html>', 502)],
    ]
    for (const [kind, answer] of kinds)
      expect([answer.status, answer.body, kindOf(github, answer)]).toEqual([answer.status, answer.body, kind])
  })

  it('tell when the quota is full again', () => {
    const quota = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1767225600' }
    expect(github.failure(reply({ message: 'API rate limit exceeded' }, 403, quota))).toMatchObject({
      retryAt: 1_767_225_600_000,
    })
    expect(github.failure(reply({ message: 'slow down' }, 429, { 'retry-after': '30' }))).toMatchObject({
      retryAfterMs: 30_000,
    })
    expect(github.failure(reply({ message: 'You have exceeded a secondary rate limit.' }, 403))).toMatchObject({
      retryAfterMs: 60_000,
    })
  })

  it('say that a 404 may hide a missing right, and which field a 422 means', () => {
    expect(github.failure(reply({ message: 'Not Found' }, 404))?.message).toMatch(/may not see it/)
    const errors = [
      { resource: 'Issue', field: 'title', code: 'missing_field' },
      { message: 'No commits between a and b' },
    ]
    expect(github.failure(reply({ message: 'Validation Failed', errors }, 422))?.message).toBe(
      'Validation Failed: missing_field (title); No commits between a and b',
    )
    expect(
      github.failure(
        reply({ message: 'Resource not accessible by integration' }, 403, {
          'x-accepted-github-permissions': 'issues=write',
        }),
      )?.message,
    ).toBe('Resource not accessible by integration (needed: issues=write)')
  })
})
