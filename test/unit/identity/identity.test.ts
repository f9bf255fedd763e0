import { describe, expect, it } from 'vitest'
import { newAttachToken } from '../../../src/identity/attach-token.ts'
import { principalForStdio } from '../../../src/identity/principals.ts'
import { agent, house } from './house.ts'

const LOCAL = '127.0.0.1'

describe('a caller with a key', () => {
  it('is the agent of the key, with the groups of its registration', async () => {
    const { identity, keys } = await house()
    const { key } = await keys.issue('sidekick')
    for (const scheme of ['Bearer', 'bearer', 'BEARER  ']) {
      expect(await identity.authenticate({ authorization: `${scheme} ${key.reveal()}` })).toEqual({
        id: 'agent:sidekick',
        organisation: 'acme',
        agent: 'sidekick',
        groups: ['bots'],
        claims: {},
        credential: 'key',
      })
    }
  })

  it('acts for the person that the key was made for', async () => {
    const { identity, keys } = await house()
    const { key } = await keys.issue('sidekick', { user: 'ann' })
    expect(await identity.authenticate({ authorization: `Bearer ${key.reveal()}` })).toMatchObject({
      id: 'agent:sidekick/user:ann',
      user: 'ann',
    })
  })

  it('is refused when the agent is gone, and when it is disabled', async () => {
    const { identity, keys, agents } = await house()
    const [gone, off] = [await keys.issue('sidekick'), await keys.issue('off')]
    agents.delete('sidekick')
    await expect(identity.authenticate({ authorization: `Bearer ${gone.key.reveal()}` })).rejects.toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('There is no agent "sidekick".'),
    })
    await expect(identity.authenticate({ authorization: `Bearer ${off.key.reveal()}` })).rejects.toMatchObject({
      code: 'forbidden',
      message: 'The agent "off" is disabled. Ask an admin to enable it.',
    })
  })
})

describe('a caller without a credential', () => {
  it('is the loopback agent when it is on this machine', async () => {
    const { identity } = await house({ loopbackAgent: 'sidekick' })
    for (const remoteAddress of [LOCAL, '127.8.8.8', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1']) {
      expect(await identity.authenticate({ remoteAddress })).toMatchObject({
        agent: 'sidekick',
        credential: 'loopback',
      })
    }
  })

  it('is nobody from elsewhere, or when no loopback agent is configured', async () => {
    const open = await house({ loopbackAgent: 'sidekick' })
    const elsewhere = [
      '10.0.0.1',
      '128.0.0.1',
      '::ffff:10.0.0.1',
      '::2',
      'fe80::1%lo',
      'localhost',
      '127.0.0.1.evil.test',
      '',
    ]
    for (const remoteAddress of [...elsewhere, undefined]) {
      await expect(open.identity.authenticate({ remoteAddress }), remoteAddress).rejects.toMatchObject({
        code: 'unauthenticated',
        data: {},
      })
    }
    const closed = await house()
    await expect(closed.identity.authenticate({ remoteAddress: LOCAL })).rejects.toThrow(
      'Send an API key or access token as "Authorization: Bearer …".',
    )
  })

  it('cannot name an agent', async () => {
    const { identity, agents } = await house({ loopbackAgent: 'sidekick' })
    agents.set(...agent('root'))
    expect((await identity.authenticate({ remoteAddress: LOCAL, agentHeader: 'root' })).agent).toBe('sidekick')
  })
})

describe('a process that holds the attach token', () => {
  it('speaks for the agent that it names, and is an admin when it names none', async () => {
    const attachToken = newAttachToken()
    const { identity } = await house({ attachToken })
    const request = { authorization: `Bearer ${attachToken.reveal()}`, remoteAddress: LOCAL }
    expect(await identity.authenticate({ ...request, agentHeader: 'sidekick' })).toMatchObject({
      id: 'agent:sidekick',
      credential: 'stdio',
    })
    expect(await identity.authenticate(request)).toMatchObject({ id: 'admin', credential: 'admin', groups: [] })
    await expect(identity.authenticate({ ...request, agentHeader: 'nope' })).rejects.toMatchObject({
      code: 'unauthenticated',
    })
    await expect(identity.authenticate({ ...request, agentHeader: 'off' })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(identity.authenticate({ ...request, agentHeader: '' })).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })

  it('is refused from elsewhere, with another token, and by a gateway that published none', async () => {
    const attachToken = newAttachToken()
    const { identity } = await house({ attachToken })
    const authorization = `Bearer ${attachToken.reveal()}`
    const none = await house()
    const code = 'unauthenticated'
    await expect(identity.authenticate({ authorization, remoteAddress: '10.0.0.1' })).rejects.toMatchObject({ code })
    await expect(identity.authenticate({ authorization: `Bearer ${newAttachToken().reveal()}` })).rejects.toMatchObject(
      { code },
    )
    await expect(identity.authenticate({ authorization: 'Bearer gha_' })).rejects.toMatchObject({ code })
    await expect(none.identity.authenticate({ authorization })).rejects.toMatchObject({ code })
  })
})

describe('a stdio session', () => {
  const agents = new Map([agent('sidekick'), agent('off', { enabled: false })])

  it('is the agent that was named when the process was started', () => {
    expect(principalForStdio({ agent: 'sidekick', agents, organisation: 'acme' })).toMatchObject({
      id: 'agent:sidekick',
      credential: 'stdio',
    })
  })

  it('needs a registered agent that is enabled', () => {
    expect(() => principalForStdio({ agent: 'nope', agents, organisation: 'acme' })).toThrow(
      'There is no agent "nope".',
    )
    expect(() => principalForStdio({ agent: 'off', agents, organisation: 'acme' })).toThrow('is disabled')
  })
})

describe('a challenge', () => {
  it('says Bearer and no error to somebody who brought nothing', async () => {
    const { identity } = await house()
    const refusal = await identity.authenticate({}).catch((error: unknown) => error)
    expect(identity.challenge(refusal as never)).toBe('Bearer realm="gatehouse"')
    expect(identity.metadata).toBeUndefined()
  })

  it('names the error of a credential that was brought', async () => {
    const { identity } = await house()
    const refusal = await identity.authenticate({ authorization: 'Basic YTpi' }).catch((error: unknown) => error)
    expect(identity.challenge(refusal as never)).toBe(
      `Bearer realm="gatehouse", error="invalid_token", error_description="The Authorization header must be 'Bearer <key or token>'."`,
    )
  })
})
