import { describe, expect, it } from 'vitest'
import { providers } from '../../../providers/index.ts'
import type { AuthMethod, OAuthSpec } from '#provider-kit'
import { scopesFor } from '../../../src/provider-kit/scopes.ts'

const wayOf = (id: string, way: string): AuthMethod => {
  const found = providers.get(id)?.auth.find((method) => method.id === way)
  if (!found) throw new Error(`${id} has no way ${way}`)
  return found
}
const oauthOf = (id: string, way = 'oauth'): OAuthSpec => {
  const { oauth } = wayOf(id, way)
  if (!oauth) throw new Error(`${id}.${way} is no OAuth`)
  return oauth
}
const scopes = (id: string, actions: readonly string[], way = 'oauth'): readonly string[] =>
  scopesFor(providers.get(id) ?? { actions: {} }, wayOf(id, way), actions)

const OAUTH = ['github', 'gmail', 'google-calendar', 'jira', 'notion', 'slack']

describe('signing in', () => {
  it.each(OAUTH)('to %s works with OAuth and with a token', (id) => {
    const ways = providers.get(id)?.auth.map((way) => way.id)
    expect(ways).toEqual(expect.arrayContaining(['oauth', 'token']))
  })

  it.each(OAUTH)('to %s sends the token in a header, never in an address', (id) => {
    const places = providers.get(id)?.auth.flatMap((way) => way.inject.map((injection) => injection.in))
    expect(new Set(places)).toEqual(new Set(['header']))
  })

  it('stays at the vendor: every address is one of its own', () => {
    const hosts = OAUTH.flatMap((id) =>
      (providers.get(id)?.auth ?? []).flatMap(({ oauth }) =>
        oauth
          ? [
              oauth.authorizeUrl,
              oauth.tokenUrl,
              oauth.revoke?.url,
              ...Object.values(oauth.capture ?? {}).map((c) => c.url),
            ]
          : [],
      ),
    )
    expect(new Set(hosts.flatMap((url) => (url === undefined ? [] : new URL(url).host)))).toEqual(
      new Set([
        'github.com',
        'api.github.com',
        'accounts.google.com',
        'oauth2.googleapis.com',
        'auth.atlassian.com',
        'api.atlassian.com',
        'api.notion.com',
        'slack.com',
      ]),
    )
  })
})

describe('what an account is asked for', () => {
  it('is the least that the allowed actions need, and who one is', () => {
    const google = 'https://www.googleapis.com/auth'
    const identity = [`${google}/userinfo.email`, 'openid']
    expect(scopes('gmail', ['send_message'])).toEqual([`${google}/gmail.send`, ...identity])
    expect(scopes('gmail', ['search_messages', 'get_message', 'list_labels'])).toEqual([
      `${google}/gmail.readonly`,
      ...identity,
    ])
    expect(scopes('google-calendar', ['list_events', 'get_event'])).toEqual([
      `${google}/calendar.events.readonly`,
      ...identity,
    ])
    expect(scopes('google-calendar', ['query_free_busy'])).toEqual([`${google}/calendar.freebusy`, ...identity])
    const both = scopes('google-calendar', ['list_events', 'create_event'])
    expect(both).toContain(`${google}/calendar.events`)
    expect(both).not.toContain(`${google}/calendar`)
    expect(scopes('jira', ['search_issues'])).toEqual(['offline_access', 'read:jira-user', 'read:jira-work'])
    expect(scopes('notion', ['get_page'])).toEqual([])
  })

  it('never holds gmail.metadata, which would forbid searching', () => {
    const all = Object.keys(providers.get('gmail')?.actions ?? {})
    for (const action of all) expect(scopes('gmail', [action]).join(' ')).not.toContain('metadata')
    expect(scopes('gmail', all).join(' ')).not.toContain('metadata')
  })

  it('is for the bot what a bot can have: search belongs to people', () => {
    expect(scopes('slack', ['send_message', 'search_messages'])).toEqual(['chat:write'])
    expect(scopes('slack', ['send_message', 'search_messages'], 'user')).toEqual(['chat:write', 'search:read'])
  })
})

describe('the quirks of vendors', () => {
  it('Google: a refresh token at every sign-in, which stays, and is what is revoked', () => {
    for (const id of ['gmail', 'google-calendar']) {
      expect(oauthOf(id)).toMatchObject({
        authorizeParams: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
        refresh: 'static',
        revoke: { token: 'refresh_token', auth: 'none', param: 'token' },
      })
    }
  })

  it('GitHub: JSON on request, refusals with status 200, a token that is revoked by its client', () => {
    expect(oauthOf('github')).toMatchObject({
      tokenHeaders: { accept: 'application/json' },
      errorAt: { errorPointer: '/error' },
      errorCodes: { bad_verification_code: 'invalid_grant' },
      revoke: { method: 'DELETE', auth: 'client', param: 'access_token' },
    })
    expect(oauthOf('github').pkce).not.toBe(false)
  })

  it('Slack: commas, no PKCE, refusals with ok false, and the token of a person in a place of its own', () => {
    const shared = { scopeSeparator: ',', pkce: false, errorAt: { okPointer: '/ok', errorPointer: '/error' } }
    expect(oauthOf('slack')).toMatchObject(shared)
    expect(oauthOf('slack', 'user')).toMatchObject({ ...shared, scopeParam: 'user_scope', tokenAt: '/authed_user' })
    expect(Object.keys(oauthOf('slack').capture ?? {})).toEqual(['team_id', 'team_name', 'bot_user_id'])
    expect(oauthOf('slack').lifetimeMs).toBeUndefined()
  })

  it('Atlassian: JSON bodies, rotating tokens, and the site learned from the grant', () => {
    expect(oauthOf('jira')).toMatchObject({
      tokenBody: 'json',
      refresh: 'rotating',
      authorizeParams: { audience: 'api.atlassian.com', prompt: 'consent' },
      capture: { cloudId: { from: 'request', at: '/0/id' } },
    })
    expect(wayOf('jira', 'token').baseUrl).toBe('https://{site}.atlassian.net')
  })

  it('Notion: JSON bodies from a client that proves itself by Basic, with the version, without PKCE', () => {
    expect(oauthOf('notion')).toMatchObject({
      tokenBody: 'json',
      clientAuth: 'basic',
      pkce: false,
      tokenHeaders: { 'notion-version': '2025-09-03' },
      authorizeParams: { owner: 'user' },
    })
    expect(oauthOf('notion').lifetimeMs).toBeUndefined()
  })

  it('any other service: a key in every place, and what AWS signs', () => {
    expect(providers.get('http')?.auth.map((way) => [way.id, ...new Set(way.inject.map((each) => each.in))])).toEqual([
      ['none'],
      ['token', 'header'],
      ['header', 'header'],
      ['basic', 'header'],
      ['query', 'query'],
      ['cookie', 'cookie'],
      ['path', 'path'],
      ['headers', 'header'],
      ['aws'],
    ])
  })
})
