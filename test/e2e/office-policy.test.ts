import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { JWTPayload } from 'jose'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type Office, office } from '../helpers/office.ts'
import { CLIENTS, type TestClient } from '../interop/clients.ts'

/** The clock of the whole gateway, turned by hand: it is looked at through this function wherever it is asked. */
const lever = vi.hoisted(() => {
  const real = Date.now.bind(Date)
  const turned = { offset: 0, to: (at: string) => void (turned.offset = Date.parse(at) - real()) }
  Date.now = () => real() + turned.offset
  return turned
})

/** Friday at noon, in Berlin. */
const NOON = '2026-11-20T12:00:00+01:00'
const CONTRACTOR = { employment_type: 'contractor' }
const GMAIL = 'conn:gmail:send_message'
const LOOSE = 'conn:loose:send_message'
const mail = (more: JsonObject): JsonObject => ({ to: ['bob@corp.com'], subject: 's', text: 'b', ...more })

let corp: Office
beforeAll(async () => {
  lever.to(NOON)
  corp = await office()
})
afterAll(() => corp.close())
beforeEach(() => {
  lever.to(NOON)
  return corp.forget()
})

interface Data {
  readonly approval?: string
  readonly rule?: string
  readonly retryAfterMs?: number
}

interface Told {
  readonly content: readonly { readonly text: string }[]
  readonly isError?: boolean
  readonly _meta?: { readonly 'dev.gatehouse/code'?: string; readonly 'dev.gatehouse/data'?: Data }
}

const wordsOf = ({ content }: Told): string => content.map(({ text }) => text).join('\n')
const codeOf = ({ _meta }: Told): string | undefined => _meta?.['dev.gatehouse/code']

/** The newest line of the audit log about a tool. */
async function recorded(tool: string): Promise<JsonObject> {
  const admin = corp.house.adminToken.reveal()
  const { body } = await corp.ask('GET', `/api/audit?type=tool.call&tool=${encodeURIComponent(tool)}&limit=1`, admin)
  const [line] = body['items'] as readonly JsonObject[]
  return line ?? {}
}

/** Texts that want one more recipient than the rule allows. */
const SMUGGLED: readonly (readonly [string, JsonObject, string])[] = [
  ['a second recipient outside', { to: ['bob@corp.com', 'eve@evil.test'] }, '/to/1'],
  ['two addresses in one text', { to: ['bob@corp.com, eve@evil.test'] }, '/to/0'],
  ['two addresses, by a semicolon', { to: ['bob@corp.com;eve@evil.test'] }, '/to/0'],
  ['a display name that looks like an address', { to: ['"bob@corp.com" <eve@evil.test>'] }, '/to/0'],
  ['a display name behind the address', { to: ['eve@evil.test <bob@corp.com>'] }, '/to/0'],
  ['our domain as a part of theirs', { to: ['bob@corp.com.evil.test'] }, '/to/0'],
  ['our domain as the end of theirs', { to: ['bob@evilcorp.com'] }, '/to/0'],
  ['a header smuggled in', { to: ['bob@corp.com\r\nBcc: eve@evil.test'] }, '/to/0'],
  ['a line break at the end', { to: ['bob@corp.com\n'] }, '/to/0'],
  ['an old route', { to: ['eve%evil.test@corp.com'] }, '/to/0'],
  ['a domain that looks like ours', { to: ['bob@c\u043erp.com'] }, '/to/0'],
  ['somebody outside in copy', { cc: ['eve@evil.test'] }, '/cc/0'],
  ['a blind copy', { bcc: ['eve@evil.test'] }, '/bcc'],
  ['a blind copy of our own', { bcc: ['ann@corp.com'] }, '/bcc'],
  ['an argument that nobody named', { thread_id: '18c2f0a1b2c3d4e5' }, '/thread_id'],
  ['nobody to send to', { to: [] }, '/to'],
  ['a text where a list belongs', { to: 'bob@corp.com' }, '/to'],
]

describe.each(CLIENTS)('the office, asked by %s', (_name, _era, connect) => {
  const as = async (agent: string, claims?: JWTPayload): Promise<TestClient> => {
    const client = await connect(corp.endpoint, await corp.token(agent, claims))
    onTestFinished(() => client.close())
    return client
  }
  const call = async (client: TestClient, name: string, input: JsonObject): Promise<Told> =>
    (await client.request('tools/call', { name, arguments: input })) as unknown as Told

  it.each(SMUGGLED)('sends nothing to anybody: %s', async (_what, smuggled, pointer) => {
    const sidekick = await as('sidekick')
    for (const tool of [GMAIL, LOOSE]) {
      const told = await call(sidekick, tool, mail(smuggled))
      expect(told.isError).toBe(true)
      expect(['denied', 'invalid_input']).toContain(codeOf(told))
      // What the tool's own schema refuses never comes to a rule; the argument is named either way.
      expect(wordsOf(told)).toContain(pointer.split('/')[1])
      if (codeOf(told) === 'denied') {
        expect(wordsOf(told)).toContain(`"sidekick-gmail-send" does not allow this call of ${tool}: ${pointer} `)
        expect(await recorded(tool)).toMatchObject({ decision: 'deny', rule: 'sidekick-gmail-send', outcome: 'denied' })
      } else expect(await recorded(tool)).toMatchObject({ code: 'invalid_input', outcome: 'error' })
    }
    expect(await corp.received()).toEqual([])
  })

  it('the loose server is reached by the rule alone, so every refusal there but one of type is the rule’s', async () => {
    const sidekick = await as('sidekick')
    const codes = await Promise.all(
      SMUGGLED.map(async ([, smuggled]) => codeOf(await call(sidekick, LOOSE, mail(smuggled)))),
    )
    expect(codes.filter((code) => code === 'denied')).toHaveLength(SMUGGLED.length - 1)
    expect(await corp.received()).toEqual([])
  })

  it('a draft that cannot be looked into and mail that is gone for good are unknown to sidekick', async () => {
    const sidekick = await as('sidekick')
    const { tools } = (await sidekick.request('tools/list')) as { tools: readonly { name: string }[] }
    expect(tools.map(({ name }) => name).toSorted()).toEqual(
      ['create_draft', 'get_message', 'get_profile', 'get_thread', 'list_labels', 'search_messages', 'send_message']
        .map((name) => `conn__gmail__${name}`)
        .concat('conn__loose__send_message'),
    )
    for (const name of ['send_draft', 'trash_message', 'no_such_tool']) {
      await expect(call(sidekick, `conn:gmail:${name}`, { draft_id: 'r1' })).rejects.toThrow(/Unknown tool/)
      expect(await recorded(`conn:gmail:${name}`)).toMatchObject({ outcome: 'unknown_tool' })
    }
    expect(await corp.received()).toEqual([])
  })

  it('ci comments on its own project, by key alone', async () => {
    const ci = await as('ci')
    const comment = 'conn:jira:comment_on_issue'
    expect(await call(ci, comment, { issue_key: 'OPS-12', body: 'fixed' })).not.toHaveProperty('isError')
    expect(await recorded(comment)).toMatchObject({ decision: 'allow', rule: 'ci-jira-comment', outcome: 'ok' })
    expect(await corp.received()).toEqual([
      expect.stringMatching(/^POST \/rest\/api\/3\/issue\/OPS-12\/comment .*fixed/),
    ])
    await corp.forget()
    for (const issue_key of ['10012', 'OPS-12\n', 'OPS-012', 'ops-12', 'HR-1', 'OPS-12/../HR-1']) {
      const told = await call(ci, comment, { issue_key, body: 'x' })
      expect(told.isError).toBe(true)
      expect(wordsOf(told)).toContain('issue_key')
    }
    const denied = await call(ci, comment, { issue_key: '10012', body: 'x' })
    expect(wordsOf(denied)).toContain(
      '"ci-jira-comment" does not allow this call of conn:jira:comment_on_issue: /issue_key',
    )
    expect(await recorded(comment)).toMatchObject({ decision: 'deny', rule: 'ci-jira-comment' })
    expect(await call(ci, comment, { issue_key: 'OPS-12', body: 'x', visible_to_role: 'Admins' })).toMatchObject({
      isError: true,
    })
    expect(await corp.received()).toEqual([])
  })

  it('contractors work in their hours, and nobody knows what a tool does that nobody classified', async () => {
    const post = (client: TestClient) => call(client, 'conn:slack:send_message', { channel: 'C02MB5ZABA7', text: 'hi' })
    const helper = await as('helper', CONTRACTOR)
    for (const at of ['2026-11-20T08:59:59+01:00', '2026-11-20T17:00:00+01:00', '2026-11-21T12:00:00+01:00']) {
      lever.to(at)
      const told = await post(helper)
      expect(codeOf(told)).toBe('denied')
      expect(wordsOf(told)).toContain('contractor-hours')
      expect(await recorded('conn:slack:send_message')).toMatchObject({ decision: 'deny', rule: 'contractor-hours' })
    }
    expect(await corp.received()).toEqual([])
    lever.to(NOON)
    await expect(call(helper, 'conn:slack:add_reaction', {})).rejects.toThrow(/Unknown tool/)
    await expect(post(await as('helper'))).rejects.toThrow(/Unknown tool/)
    expect(await corp.received()).toEqual([])
  })

  it('mail inside waits for a manager, and is then sent once', async () => {
    const sidekick = await as('sidekick')
    const input = mail({ subject: `from ${sidekick.name}`, cc: ['ann@corp.com'] })
    const waiting = await call(sidekick, GMAIL, input)
    expect(codeOf(waiting)).toBe('approval_required')
    expect(wordsOf(waiting)).toContain('sidekick-gmail-send')
    expect(await corp.received()).toEqual([])
    const id = String(waiting._meta?.['dev.gatehouse/data']?.['approval'])
    const approver = await corp.token('people', { sub: 'mona', roles: ['approver'], groups: ['eng-managers'] })
    const stranger = await corp.token('people', { sub: 'otto', roles: ['approver'], groups: ['sales'] })
    const self = await corp.token('people', { sub: 'sidekick-user', roles: ['approver'], groups: ['eng-managers'] })
    const agent = await corp.token('sidekick')
    for (const nobody of [stranger, self, agent, corp.house.adminToken.reveal()]) {
      expect((await corp.ask('POST', `/api/approvals/${id}/approve`, nobody, {})).status).toBe(403)
    }
    expect((await corp.ask('POST', `/api/approvals/${id}/approve`, approver, {})).status).toBe(200)
    expect(codeOf(await call(sidekick, GMAIL, { ...input, subject: 'changed' }))).toBe('approval_required')
    const both = await Promise.all([call(sidekick, GMAIL, input), call(sidekick, GMAIL, input)])
    expect(both.filter(({ isError }) => isError !== true)).toHaveLength(1)
    expect(codeOf(await call(sidekick, GMAIL, input))).toBe('approval_required')
    const received = await corp.received()
    expect(received).toHaveLength(1)
    const raw = /"raw":"([^"]+)"/.exec(received[0] ?? '')?.[1] ?? ''
    const sent = Buffer.from(raw, 'base64url').toString()
    expect(sent).toMatch(/^To: bob@corp\.com\r$/m)
    expect(sent).not.toMatch(/^bcc:/im)
  })
})

describe('the budget of posts', () => {
  it('thirty an hour for each agent over both eras together; the 31st waits, and says how long', async () => {
    const token = await corp.token('helper', CONTRACTOR)
    const clients = await Promise.all(CLIENTS.map(([, , connect]) => connect(corp.endpoint, token)))
    const post = async (n: number) =>
      (await clients[n % clients.length]?.request('tools/call', {
        name: 'conn:slack:send_message',
        arguments: { channel: 'C02MB5ZABA7', text: `post ${n}` },
      })) as unknown as Told
    const all = await Promise.all(Array.from({ length: 40 }, (_, n) => post(n)))
    const refused = all.filter(({ isError }) => isError === true)
    expect(refused).toHaveLength(10)
    expect(refused.map(codeOf)).toEqual(Array.from({ length: 10 }, () => 'rate_limit_exceeded'))
    expect(wordsOf(refused[0] as Told)).toContain('slack-post-budget')
    const { rule, retryAfterMs } = refused[0]?._meta?.['dev.gatehouse/data'] ?? {}
    expect([rule, Number(retryAfterMs) > 100_000 && Number(retryAfterMs) <= 120_000]).toEqual([
      'slack-post-budget',
      true,
    ])
    expect(await corp.received()).toHaveLength(30)
    lever.offset += Number(retryAfterMs)
    expect(await post(41)).not.toHaveProperty('isError')
    expect(await post(42)).toMatchObject({ isError: true })
    await Promise.all(clients.map((client) => client.close()))
  })
})
