import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import slack from '../../../providers/slack/index.ts'
import { withoutBroadcast } from '../../../providers/slack/message-text.ts'
import { kindOf, reply, sent, sentJson, shown } from './replies.ts'

const { actions } = slack
const channel = 'C02MB5ZABA7'
const ts = '1767261242.000200'

describe('a Slack message', () => {
  it('cannot alarm a channel unless that was asked for', async () => {
    const text = 'Hi <!channel> and <!here|here>, @everyone, <!subteam^S012|@ops>: see <https://x.org>'
    expect(await sentJson(actions.send_message, { channel, text })).toEqual({
      channel,
      text: 'Hi &lt;!channel> and &lt;!here|here>, @\u200beveryone, &lt;!subteam^S012|@ops>: see <https://x.org>',
    })
    expect(await sentJson(actions.send_message, { channel, text, allow_broadcast: true })).toEqual({ channel, text })
  })

  it('is disarmed wherever text can be sent', async () => {
    const text = '<!channel> now'
    for (const body of [
      await sentJson(actions.update_message, { channel, ts, text }),
      await sentJson(actions.schedule_message, { channel, text, post_at: 1_767_261_600 }),
    ]) {
      expect(body).toMatchObject({ text: '&lt;!channel> now' })
    }
  })

  it('keeps mentions of people, dates, links and mail addresses', () => {
    const text =
      '<@U012AB3CD> <#C02MB5ZABA7> <!date^1392734382^{date}|today> <mailto:ann@here.example|ann@here.example>'
    expect(withoutBroadcast(text)).toBe(text)
  })

  it('has no spelling of a special mention that survives', () => {
    const piece = fc.constantFrom('<!', 'channel', 'HERE', 'everyone', '>', '|', ' ', '<', '!', '@', 'date^', 'x', '&')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const safe = withoutBroadcast(pieces.join(''))
        expect(safe).not.toMatch(/<!(?!date\^)/i)
        expect(safe).not.toMatch(/(?:^|[^\w.-])@(?:channel|here|everyone)\b/i)
        expect(withoutBroadcast(safe)).toBe(safe)
      }),
    )
  })

  it('goes to ids, never to names, and an app cannot choose a stranger id', () => {
    for (const bad of ['#general', 'general', 'C1; DROP', 'c02mb5zaba7', '']) {
      expect(actions.send_message.input.safeParse({ channel: bad, text: 'x' }).success).toBe(false)
    }
    expect(actions.send_message.input.safeParse({ channel: 'U012AB3CD', text: 'x' }).success).toBe(true)
  })
})

describe('reading Slack', () => {
  it('asks with forms, because reads ignore JSON', async () => {
    expect((await sent(actions.list_channels, {})).body).toEqual({
      form: { types: 'public_channel', exclude_archived: true, limit: 100 },
    })
    expect((await sent(actions.read_thread, { channel, thread_ts: ts, limit: 5 })).body).toEqual({
      form: { channel, ts, limit: 5 },
    })
  })

  it('keeps of a message what a person would see', () => {
    const history = reply({
      ok: true,
      messages: [
        {
          type: 'message',
          ts,
          user: 'U1',
          text: 'Down again &amp; again',
          client_msg_id: 'x',
          team: 'T1',
          blocks: [{ type: 'rich_text' }],
          reply_count: 2,
          thread_ts: ts,
          edited: { user: 'U1', ts },
          reactions: [{ name: 'eyes', count: 1, users: ['U2'] }],
          files: [{ id: 'F1', name: 'log.txt', mimetype: 'text/plain', url_private: 'https://files.slack.com/x' }],
        },
        { type: 'message', subtype: 'bot_message', ts, bot_id: 'B1', username: 'CI', reply_count: 0, files: [] },
      ],
      has_more: true,
      response_metadata: { next_cursor: 'bmV4dA==' },
    })
    expect(shown(actions.read_channel_history, { channel }, history)).toEqual({
      messages: [
        {
          ts,
          user: 'U1',
          text: 'Down again &amp; again',
          thread_ts: ts,
          reply_count: 2,
          edited: true,
          reactions: [{ name: 'eyes', count: 1 }],
          files: [{ id: 'F1', name: 'log.txt', type: 'text/plain' }],
        },
        { ts, bot: 'CI', subtype: 'bot_message', text: '' },
      ],
      has_more: true,
      next_cursor: 'bmV4dA==',
    })
  })

  it('ends a list at an empty cursor', () => {
    const page = (next_cursor: string) =>
      shown(actions.list_users, {}, reply({ ok: true, members: [], response_metadata: { next_cursor } }))
    expect(page('bmV4dA==')).toEqual({ users: [], next_cursor: 'bmV4dA==' })
    expect(page('')).toEqual({ users: [] })
  })

  it('shows channels, people and search hits without their ballast', () => {
    const general = { id: channel, name: 'general', is_private: false, is_member: true, num_members: 3 }
    const topic = { value: 'All of us', creator: 'U1', last_set: 1 }
    expect(
      shown(actions.list_channels, {}, reply({ ok: true, channels: [{ ...general, topic, purpose: { value: '' } }] })),
    ).toEqual({
      channels: [{ id: channel, name: 'general', is_private: false, is_member: true, members: 3, topic: 'All of us' }],
    })
    const user = {
      id: 'U1',
      name: 'ann',
      deleted: true,
      tz: 'Europe/Zurich',
      profile: { title: '', email: 'ann@example.com' },
    }
    expect(shown(actions.find_user_by_email, { email: 'ann@example.com' }, reply({ ok: true, user }))).toEqual({
      id: 'U1',
      name: 'ann',
      email: 'ann@example.com',
      time_zone: 'Europe/Zurich',
      is_bot: false,
      deactivated: true,
    })
    const matches = [{ channel: { id: channel, name: 'incidents' }, ts, username: 'ann', text: 'down', score: 1 }]
    const messages = { total: 41, paging: { pages: 3 }, matches }
    expect(shown(actions.search_messages, { query: 'down' }, reply({ ok: true, messages }))).toEqual({
      total: 41,
      pages: 3,
      messages: [{ channel, channel_name: 'incidents', ts, user: 'ann', text: 'down' }],
    })
  })
})

describe('Slack refusals', () => {
  it('hide in a 200', () => {
    const kinds: Readonly<Record<string, string>> = {
      not_authed: 'reauth',
      invalid_auth: 'reauth',
      token_revoked: 'reauth',
      token_expired: 'reauth',
      account_inactive: 'reauth',
      missing_scope: 'missing_scope',
      not_allowed_token_type: 'missing_scope',
      ratelimited: 'rate_limit_exceeded',
      channel_not_found: 'not_found',
      users_not_found: 'not_found',
      message_not_found: 'not_found',
      not_in_channel: 'forbidden',
      is_archived: 'forbidden',
      cant_update_message: 'forbidden',
      no_text: 'invalid_input',
      invalid_blocks: 'invalid_input',
      internal_error: 'upstream',
      constructor: 'invalid_input',
      already_reacted: 'fine',
    }
    for (const [error, kind] of Object.entries(kinds)) {
      expect([error, kindOf(slack, reply({ ok: false, error }))]).toEqual([error, kind])
    }
    expect(kindOf(slack, reply({ ok: true }))).toBe('fine')
  })

  it('name the scope that is missing', () => {
    const body = { ok: false, error: 'missing_scope', needed: 'channels:history', provided: 'chat:write' }
    expect(slack.failure(reply(body))?.message).toBe(
      'missing_scope: the app needs the scope channels:history, it has chat:write. Add it and reinstall the app.',
    )
  })

  it('say how long to wait', () => {
    expect(slack.failure(reply({ ok: false, error: 'ratelimited' }, 429, { 'retry-after': '30' }))).toMatchObject({
      kind: 'rate_limit_exceeded',
      retryAfterMs: 30_000,
    })
    expect(slack.failure(reply('', 429, { 'retry-after': '5' }))).toMatchObject({ retryAfterMs: 5_000 })
  })

  it('include every answer that is not the Slack API', () => {
    expect(kindOf(slack, reply('<html>Sign in to the hotel wifi</html>'))).toBe('upstream')
    expect(kindOf(slack, reply(undefined))).toBe('upstream')
    expect(kindOf(slack, reply({ ok: 'true' }))).toBe('upstream')
    expect(kindOf(slack, reply('<html>bad gateway</html>', 502))).toBe('upstream')
  })

  it('leave the account unknown when whoami says nothing useful', () => {
    expect(slack.whoami.account(reply({ ok: true, user: 'gatehouse', team: 'Acme' }))).toBe('gatehouse at Acme')
    expect(slack.whoami.account(reply({ ok: true, user: 1 }))).toBeUndefined()
  })
})
