import { ending } from '../../src/kernel/ending.ts'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import github from '../../providers/github/index.ts'
import gmail from '../../providers/gmail/index.ts'
import slack from '../../providers/slack/index.ts'
import { fixedCredentials } from '../../src/connections/fixed-credentials.ts'
import { createEgress, type Egress } from '../../src/egress/egress.ts'
import type { GatewayError } from '../../src/kernel/errors.ts'
import type { Exchange } from '../../src/kernel/exchange.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { Provider } from '../../src/provider-kit/index.ts'
import { methodOf } from '../../src/provider-kit/method-of.ts'
import { providerConnector } from '../../src/sources/provider-source.ts'
import { startEmulatedVendors, type EmulatedVendors } from '../demo/emulated-vendors.ts'

/**
 * The providers against real HTTP services with state. What the emulators do not have is not shown here: Slack's
 * search, diffs of pull requests, organisations' repositories in the account's list, quotas, revoked tokens (the gate in
 * front refuses unknown ones). Requests for those are held against the vendors' contracts.
 */
let vendors: EmulatedVendors
let egress: Egress

beforeAll(async () => {
  vendors = await startEmulatedVendors()
  egress = createEgress({ clock: Date.now })
})
afterAll(async () => {
  await egress?.close()
  await vendors?.close()
})

type Service = 'github' | 'slack' | 'gmail'
const PROVIDERS: Readonly<Record<Service, Provider>> = { github, slack, gmail }

/** Connects as the gateway does and gives one way to call actions by name. */
async function connect(service: Service, token = vendors.tokens[service]) {
  const lost: GatewayError[] = []
  const provider = PROVIDERS[service]
  const connector = providerConnector({
    connection: service,
    provider,
    method: 'token',
    credentials: fixedCredentials({ method: methodOf(provider, 'token'), fields: { token: new Secret(token) } }),
    ownership: 'shared',
    baseUrl: vendors[service],
    allowPrivateNetwork: true,
    egress,
    clock: Date.now,
    version: '0.0.0',
  })
  const events = {
    onTools: () => undefined,
    onFeatures: () => undefined,
    onResourceUpdated: () => undefined,
    onLost: (error: GatewayError) => void lost.push(error),
  }
  const connected = await connector.connect(events, new AbortController().signal)
  onTestFinished(() => connected.close())
  return async <Output = unknown>(name: string, input: JsonObject = {}): Promise<Output> => {
    const result = await connected.source.callTool(name, input, exchange())
    expect(lost).toEqual([])
    return result.structuredContent as Output
  }
}

const exchange = (): Exchange => ({
  principal: {
    id: 'agent:test',
    organisation: 'acme',
    agent: 'test',
    groups: [],
    claims: {},
    credential: 'loopback',
  },
  requestId: 'request-1',
  ending: ending(),
  protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
})

describe('GitHub', () => {
  it('reports, discusses and closes an issue', async () => {
    const call = await connect('github')
    const { repository } = vendors
    expect(await call('get_current_user')).toMatchObject({ login: 'ann' })
    expect(await call('list_issues', repository)).toMatchObject({
      issues: [
        { number: 2, labels: ['enhancement'] },
        { number: 1, author: 'ann', comments: 1 },
      ],
    })
    const { number } = await call<{ number: number }>('create_issue', {
      ...repository,
      title: 'Orders in yen lose their last two digits',
      body: 'They have no minor unit.',
      labels: ['bug'],
    })
    await call('comment_on_issue', { ...repository, issue_number: number, body: 'Seen in order 77.' })
    expect(await call('get_issue', { ...repository, issue_number: number })).toMatchObject({
      title: 'Orders in yen lose their last two digits',
      body: 'They have no minor unit.',
      labels: ['bug'],
      comments: 1,
      latest_comments: [{ author: 'ann', body: 'Seen in order 77.' }],
    })
    await call('update_issue', { ...repository, issue_number: number, state: 'closed', state_reason: 'completed' })
    const open = await call<{ issues: readonly { number: number }[] }>('list_issues', repository)
    expect(open.issues.map((issue) => issue.number)).not.toContain(number)
    const found = await call('search_issues', { query: 'yen is:issue is:closed repo:acme/gatehouse-demo' })
    expect(found).toMatchObject({ total: 1, issues: [{ number, state: 'closed' }] })
  })

  it('pages through what it lists', async () => {
    const call = await connect('github')
    const first = await call<{ issues: readonly { number: number }[]; next_page?: number }>('list_issues', {
      ...vendors.repository,
      state: 'all',
      limit: 1,
    })
    expect([first.issues.length, first.next_page]).toEqual([1, 2])
    const second = await call<typeof first>('list_issues', { ...vendors.repository, state: 'all', limit: 1, page: 2 })
    expect(second.issues[0]?.number).not.toBe(first.issues[0]?.number)
  })

  it('reads files and merges exactly the commit that was looked at', async () => {
    const call = await connect('github')
    const { repository } = vendors
    const readme = await call('get_file_contents', { ...repository, path: 'README.md' })
    expect(readme).toMatchObject({ type: 'file', text: expect.stringContaining('# gatehouse-demo') })
    expect(await call('get_file_contents', repository)).toMatchObject({ entries: [{ name: 'README.md' }] })
    const { pull_requests } = await call<{ pull_requests: readonly { number: number; head_sha: string }[] }>(
      'list_pull_requests',
      repository,
    )
    const [pull] = pull_requests
    expect(pull).toMatchObject({ head: 'optional-tax-number', base: 'main' })
    const merge = { ...repository, pull_number: pull?.number ?? 0 }
    expect(await call('get_pull_request', merge)).toMatchObject({ mergeable: true, merged: false })
    await expect(call('merge_pull_request', { ...merge, sha: '0'.repeat(40) })).rejects.toThrow(/Head sha/i)
    expect(await call('merge_pull_request', { ...merge, sha: pull?.head_sha ?? '' })).toMatchObject({ merged: true })
    const orders = await call('get_file_contents', { ...repository, path: 'src/orders.ts' })
    expect(orders).toMatchObject({ text: expect.stringContaining('taxNumberOf') })
  })

  it('says what to do when something is not there', async () => {
    const call = await connect('github')
    await expect(call('get_issue', { ...vendors.repository, issue_number: 999 })).rejects.toMatchObject({
      code: 'upstream_refused',
      message: expect.stringMatching(/may not see it/),
    })
  })

  it('lists the repositories of the account', async () => {
    const call = await connect('github')
    expect(await call('list_repositories')).toMatchObject({
      repositories: [{ owner: 'ann', repo: 'runbooks', private: true }],
    })
  })
})

describe('Slack', () => {
  it('posts, answers in a thread, corrects, reacts and deletes', async () => {
    const call = await connect('slack')
    const channel = vendors.channels.incidents
    const { ts } = await call<{ ts: string }>('send_message', { channel, text: '<!channel> import runs again' })
    await call('send_message', { channel, thread_ts: ts, text: 'All 14 orders went through.' })
    await call('add_reaction', { channel, ts, name: 'tada' })
    await call('add_reaction', { channel, ts, name: 'tada' })
    expect(await call('read_channel_history', { channel, limit: 1 })).toMatchObject({
      messages: [
        { ts, text: '&lt;!channel> import runs again', reply_count: 1, reactions: [{ name: 'tada', count: 1 }] },
      ],
      has_more: true,
      next_cursor: expect.any(String),
    })
    expect(await call('read_thread', { channel, thread_ts: ts })).toMatchObject({
      messages: [{ ts }, { text: 'All 14 orders went through.', thread_ts: ts }],
    })
    await call('update_message', { channel, ts, text: 'Import runs again' })
    expect(await call('read_channel_history', { channel, limit: 1 })).toMatchObject({
      messages: [{ ts, text: 'Import runs again' }],
    })
    expect(await call('delete_message', { channel, ts })).toEqual({ channel, ts })
    await expect(call('delete_message', { channel, ts })).rejects.toThrow(/message_not_found/)
  })

  it('finds channels and people', async () => {
    const call = await connect('slack')
    expect(await call('list_channels')).toMatchObject({
      channels: expect.arrayContaining([
        expect.objectContaining({ id: vendors.channels.general, name: 'general', is_member: true }),
        expect.objectContaining({ id: vendors.channels.incidents, name: 'incidents' }),
      ]),
    })
    const priya = await call<{ id: string }>('find_user_by_email', { email: 'priya@acme.example' })
    expect(priya).toMatchObject({ name: 'priya', title: 'Backend' })
    expect(await call('list_users')).toMatchObject({ users: expect.arrayContaining([priya]) })
    await expect(call('find_user_by_email', { email: 'nobody@acme.example' })).rejects.toMatchObject({
      code: 'upstream_refused',
      data: { reason: 'not_found' },
    })
  })

  it('schedules for later, not for the past', async () => {
    const call = await connect('slack')
    const channel = vendors.channels.general
    const post_at = Math.floor(Date.now() / 1000) + 3_600
    expect(await call('schedule_message', { channel, text: 'Go-live in one hour', post_at })).toMatchObject({ post_at })
    await expect(call('schedule_message', { channel, text: 'Too late', post_at: 1_000 })).rejects.toThrow(
      /must be in the future/,
    )
  })
})

describe('Gmail', () => {
  it('finds and reads a mail', async () => {
    const call = await connect('gmail')
    expect(await call('get_profile')).toMatchObject({ email: vendors.mailbox })
    const { messages } = await call<{ messages: readonly { id: string }[] }>('search_messages', {
      query: 'credentials',
    })
    expect(messages).toMatchObject([
      { from: 'Omar Haddad <omar@northwind.example>', subject: 'Northwind API credentials for the importer' },
    ])
    expect(await call('get_message', { message_id: messages[0]?.id ?? '' })).toMatchObject({
      text: expect.stringContaining('api_key: nw-demo-7f3a91c2e4d84b06'),
      attachments: [],
    })
  })

  it('reads a thread and answers in it', async () => {
    const call = await connect('gmail')
    const thread = await call<{ messages: readonly { message_id: string; references?: readonly string[] }[] }>(
      'get_thread',
      { thread_id: 'thrreview' },
    )
    expect(thread).toMatchObject({ total_messages: 2 })
    const last = thread.messages[1]
    const { id, thread_id } = await call<{ id: string; thread_id: string }>('send_message', {
      to: ['priya@acme.example'],
      bcc: ['omar@northwind.example'],
      subject: 'Re: Review of the failed import',
      text: 'Grüße — bis morgen.',
      thread_id: 'thrreview',
      in_reply_to: last?.message_id ?? '',
      references: [...(last?.references ?? []), last?.message_id ?? ''],
    })
    expect(thread_id).toBe('thrreview')
    expect(await call('get_message', { message_id: id })).toMatchObject({
      to: 'priya@acme.example',
      bcc: 'omar@northwind.example',
      text: 'Grüße — bis morgen.',
      references: ['<review-1@acme.example>', '<review-2@acme.example>'],
      labels: ['SENT'],
    })
  })

  it('drafts, and sends the draft once', async () => {
    const call = await connect('gmail')
    const draft = { to: ['omar@northwind.example'], subject: 'Thank you', text: 'The import runs.' }
    const { draft_id, message_id } = await call<{ draft_id: string; message_id: string }>('create_draft', draft)
    expect(await call('get_message', { message_id })).toMatchObject({ labels: ['DRAFT'] })
    expect(await call('send_draft', { draft_id })).toMatchObject({ id: message_id })
    await expect(call('send_draft', { draft_id })).rejects.toMatchObject({ data: { reason: 'not_found' } })
  })

  it('sorts and throws away', async () => {
    const call = await connect('gmail')
    const labels = await call<{ labels: readonly { id: string; name: string }[] }>('list_labels')
    expect(labels.labels).toContainEqual({ id: 'Label_northwind', name: 'Northwind', type: 'user' })
    const change = { message_id: 'msginvoice', add_label_ids: ['Label_northwind'], remove_label_ids: ['UNREAD'] }
    expect(await call('modify_labels', change)).toMatchObject({ labels: ['INBOX', 'Label_northwind'] })
    expect(await call('trash_message', { message_id: 'msginvoice' })).toMatchObject({
      labels: expect.arrayContaining(['TRASH']),
    })
    expect(await call('search_messages', { query: 'subject:invoice' })).toMatchObject({ messages: [] })
  })
})

describe('a credential that the service does not take', () => {
  it.each(['github', 'slack', 'gmail'] as const)(
    'is found when %s is connected, before a call needs it',
    async (service) => {
      await expect(connect(service, 'not-the-demo-token')).rejects.toMatchObject({
        code: 'connection_unusable',
        data: { reason: 'reauth' },
        message: expect.not.stringContaining('not-the-demo-token'),
      })
    },
  )
})
