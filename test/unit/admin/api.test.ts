import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, adminWorld } from '../../helpers/admin-world.ts'
import { sourceTool } from '../../helpers/tools.ts'

const FILES = {
  files: {
    tools: [
      sourceTool('read_file', { effect: 'read' }, { description: 'Reads a file.\nMore words.' }),
      sourceTool(
        'write_file',
        { effect: 'write' },
        { inputSchema: { type: 'object', properties: { path: { type: 'string' } } } },
      ),
      sourceTool('get_env', { effect: 'unclassified' }),
    ],
  },
}
const POLICY = {
  rules: [
    { id: 'reads', effect: 'allow', tools: { effects: ['read', 'write'] } },
    { id: 'no-writes', effect: 'deny', tools: { names: ['write_file'] }, args: { '/path': { pattern: '/etc/.*' } } },
  ],
}
const world = () => adminWorld({ connections: FILES, policy: POLICY })

describe('the door of the API', () => {
  it('asks who is there', async () => {
    const { app } = await world()
    const response = await app.request('/api/status')
    expect(response.status).toBe(401)
  })

  it('lets no agent in, and records that it tried', async () => {
    const { app, records } = await world()
    const response = await app.request('/api/agents', {
      method: 'POST',
      headers: { authorization: 'Bearer gh_agent' },
      body: '{"id":"evil"}',
    })
    expect(response.status).toBe(403)
    expect(records).toMatchObject([
      { type: 'agent.added', principal: 'agent:sidekick', outcome: 'denied', code: 'forbidden' },
    ])
  })

  it('keeps its answers out of caches', async () => {
    const { app } = await world()
    const response = await app.request('/api/status', { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['GET', '/nowhere', undefined, 404, 'not_found'],
    ['GET', '/tools?limit=0', undefined, 400, 'invalid_request'],
    ['GET', '/tools?colour=red', undefined, 400, 'invalid_request'],
    ['GET', '/tools?cursor=%21', undefined, 400, 'invalid_cursor'],
    ['GET', '/audit?cursor=eHg', undefined, 400, 'invalid_cursor'],
    ['POST', '/agents', '{', 400, 'invalid_request'],
    ['POST', '/agents', '[]', 400, 'invalid_request'],
    ['POST', '/agents', '{"id":"a","id":"b"}', 400, 'invalid_request'],
    ['POST', '/agents', '{"id":"Not An Id"}', 400, 'invalid_request'],
    ['POST', '/agents', '{"id":"a","colour":"red"}', 400, 'invalid_request'],
    ['POST', '/agents', '{"id":"a","expiresIn":"soon"}', 400, 'invalid_request'],
    ['POST', '/agents/nobody/keys', '', 404, 'not_found'],
    ['DELETE', '/agents/nobody', undefined, 404, 'not_found'],
    ['DELETE', '/keys/none', undefined, 404, 'not_found'],
    ['POST', '/call', '{"agent":"sidekick","tool":"t","arguments":[]}', 400, 'invalid_request'],
    ['POST', '/policy/explain', '{"agent":"nobody","tool":"conn:files:read_file"}', 404, 'not_found'],
    ['GET', '/tools/conn:files:nothing/diff', undefined, 404, 'not_found'],
  ])('answers %s %s %s with %i %s', async (method, path, body, status, code) => {
    const { ask } = await world()
    expect(await ask(method, path, body)).toMatchObject({ status, body: { code, detail: expect.stringMatching(/\S/) } })
  })

  it('reads no body of more than a megabyte', async () => {
    const { ask } = await world()
    const body = JSON.stringify({ agent: 'a'.repeat(1_100_000) })
    expect(await ask('POST', '/call', body)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } })
  })

  it('names the member of a body that is wrong', async () => {
    const { ask } = await world()
    const { body } = await ask('POST', '/agents', { id: 'a', groups: [''] })
    expect(body.data.errors).toEqual([{ at: 'body.groups.0', message: expect.any(String) }])
  })
})

describe('status', () => {
  it('tells how the gateway is, and which edit was not taken', async () => {
    const { ask, config } = await world()
    config.status = { ...config.status, lastError: { at: 1, detail: 'gateway.config.json:3:5 a typo' } }
    const { body } = await ask('GET', '/status')
    expect(body).toMatchObject({
      version: '1.2.3',
      uptimeMs: 60_000,
      agents: 1,
      tools: 3,
      quarantined: 0,
      load: { sessions: 2, listens: 1, running: 3, parked: 1, subscriptions: 0 },
      config: { lastError: { detail: expect.stringContaining('a typo') } },
      connections: [{ connection: 'files', state: 'active', tools: 3 }],
    })
  })

  it('reads the configuration again, and says why not', async () => {
    const { ask, config, records } = await world()
    expect((await ask('POST', '/config/reload')).status).toBe(200)
    config.status = { ...config.status, lastError: { at: 1, detail: 'gateway.config.json:3:5 a typo' } }
    expect(await ask('POST', '/config/reload')).toMatchObject({
      status: 422,
      body: { code: 'config_invalid', detail: 'gateway.config.json:3:5 a typo' },
    })
    expect(records.map(({ phase, outcome }) => [phase, outcome])).toEqual([
      ['intent', undefined],
      ['outcome', 'ok'],
      ['intent', undefined],
      ['outcome', 'error'],
    ])
  })
})

describe('agents', () => {
  it('get a key when they are added, and it is shown this once', async () => {
    const { ask, deps } = await world()
    const { status, body } = await ask('POST', '/agents', { id: 'ci', groups: ['builders'], expiresIn: '90d' })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      created: true,
      agent: { id: 'ci', groups: ['builders'], origin: 'managed' },
      key: expect.stringMatching(/^gh_/),
    })
    const list = await ask('GET', '/agents')
    expect(list.body.items.map(({ id }) => id)).toEqual(['ci', 'sidekick'])
    expect(list.body.items[0]?.keys).toEqual([
      { id: body.keyId, agent: 'ci', createdAt: deps.clock(), expiresAt: deps.clock() + 90 * 86_400_000 },
    ])
    expect(JSON.stringify(list.body)).not.toContain(body.key)
  })

  it('that are there get another key, unless they would be changed', async () => {
    const { ask } = await world()
    expect((await ask('POST', '/agents', { id: 'sidekick' })).body).toMatchObject({ created: false })
    expect((await ask('POST', '/agents/sidekick/keys')).status).toBe(201)
    expect((await ask('GET', '/agents/sidekick/keys')).body.items).toHaveLength(2)
    expect(await ask('POST', '/agents', { id: 'sidekick', groups: ['x'] })).toMatchObject({
      status: 409,
      body: { code: 'conflict' },
    })
  })

  it('lose every key and their registration when they are revoked', async () => {
    const { ask, deps } = await world()
    const { body } = await ask('POST', '/agents', { id: 'ci' })
    expect((await ask('DELETE', '/agents/ci')).body).toEqual({ agent: 'ci', revokedKeys: 1, removed: true })
    expect(await deps.keys.list()).toEqual([])
    expect((await ask('DELETE', `/keys/${body.keyId}`)).status).toBe(404)
  })

  it('that are declared stay registered, without keys', async () => {
    const { ask } = await world()
    await ask('POST', '/agents', { id: 'sidekick' })
    expect((await ask('DELETE', '/agents/sidekick')).body).toEqual({
      agent: 'sidekick',
      revokedKeys: 1,
      removed: false,
    })
  })

  it('are not touched while the audit log cannot be written', async () => {
    const { ask, deps } = await adminWorld({ auditFails: true })
    expect(await ask('POST', '/agents', { id: 'ci' })).toMatchObject({
      status: 503,
      body: { code: 'audit_unavailable' },
    })
    expect((await deps.agents.list()).map(({ id }) => id)).toEqual(['sidekick'])
    expect(await deps.keys.list()).toEqual([])
  })

  it('leave no key in the audit log', async () => {
    const { ask, records } = await world()
    const { body } = await ask('POST', '/agents', { id: 'ci' })
    expect(JSON.stringify(records)).not.toContain(body.key)
    expect(records).toMatchObject([
      { type: 'agent.added', phase: 'intent', principal: 'admin', agent: 'ci' },
      { type: 'agent.added', phase: 'outcome', outcome: 'ok' },
    ])
  })
})

describe('tools', () => {
  it('are listed with what is known of them, in pages', async () => {
    const { ask } = await world()
    const first = await ask('GET', '/tools?limit=2')
    expect(first.body.items).toHaveLength(2)
    const rest = await ask('GET', `/tools?limit=2&cursor=${first.body.nextCursor}`)
    expect(rest.body.items.map(({ id }) => id)).toEqual(['conn:files:write_file'])
    expect(rest.body.nextCursor).toBeUndefined()
    expect(first.body.items[1]).toEqual({
      id: 'conn:files:read_file',
      wireName: 'conn__files__read_file',
      connection: 'files',
      effect: 'read',
      external: false,
      risk: 'low',
      tags: [],
      quarantined: false,
      summary: 'Reads a file.',
    })
  })

  it('are listed as an agent sees them', async () => {
    const { ask } = await world()
    const ids = async (query: string) => (await ask('GET', `/tools?${query}`)).body.items.map(({ id }) => id)
    expect(await ids('agent=sidekick')).toEqual(['conn:files:read_file', 'conn:files:write_file'])
    expect(await ids('agent=sidekick&effect=write')).toEqual(['conn:files:write_file'])
    expect(await ids('connection=nothing')).toEqual([])
    expect(await ids('quarantined=true')).toEqual([])
    expect((await ask('GET', '/tools?agent=nobody')).status).toBe(404)
  })

  it('that changed show the change and can be accepted, but only as they were looked at', async () => {
    const { ask, pins, deps } = await world()
    pins.set('conn:files:read_file', {
      fingerprint: 'old',
      definition: { name: 'read_file', description: 'Reads one file.\nMore words.', inputSchema: { type: 'object' } },
      acceptedAt: 5,
    })
    const { body } = await ask('GET', '/tools/conn:files:read_file/diff')
    expect(body).toMatchObject({ tool: 'conn:files:read_file', accepted: { fingerprint: 'old', at: 5 } })
    expect(body.fields).toEqual([
      {
        field: 'description',
        parts: [
          { op: 'same', text: 'Reads ' },
          { op: 'removed', text: 'one' },
          { op: 'added', text: 'a' },
          { op: 'same', text: ' file.\nMore words.' },
        ],
      },
    ])
    const accept = (fingerprint: string) => ask('POST', '/tools/conn:files:read_file/accept', { fingerprint })
    expect(await accept('another')).toMatchObject({ status: 412, body: { code: 'version_conflict' } })
    expect(await accept(body.fingerprint)).toMatchObject({ status: 200 })
    expect(await deps.pins.get('conn:files:read_file' as never)).toMatchObject({ fingerprint: body.fingerprint })
  })
})

describe('the policy', () => {
  const question = (path: string) => ({ agent: 'sidekick', tool: 'conn__files__write_file', arguments: { path } })

  it('explains what it decides, and calls nothing', async () => {
    const { ask, gateway } = await world()
    const denied = await ask('POST', '/policy/explain', question('/etc/passwd'))
    expect(denied.body).toMatchObject({
      principal: 'agent:sidekick',
      tool: 'conn:files:write_file',
      decision: 'deny',
      rule: 'no-writes',
      visible: true,
      rules: [
        { rule: 'no-writes', matched: true },
        { rule: 'reads', matched: true },
      ],
    })
    expect((await ask('POST', '/policy/explain', question('/tmp/a'))).body).toMatchObject({
      decision: 'allow',
      rule: 'reads',
    })
    expect(gateway.sent).toEqual([])
  })

  it('is shown as it is declared', async () => {
    const { ask } = await world()
    expect((await ask('GET', '/policy/effective')).body.rules).toHaveLength(2)
  })
})

describe('a call', () => {
  const call = (tool: string, input: object = {}) => ({ agent: 'sidekick', tool, arguments: input })

  it('goes the way of the agent’s own calls', async () => {
    const { ask, gateway } = await world()
    const { status, body } = await ask('POST', '/call', call('conn:files:read_file', { path: 'a' }))
    expect(status).toBe(200)
    expect(body).toMatchObject({ requestId: 'request-1', result: { content: [{ text: 'read_file {"path":"a"}' }] } })
    expect(gateway.events).toMatchObject([
      { type: 'tool.call', agent: 'sidekick', requestId: 'request-1', decision: 'allow', outcome: 'ok' },
    ])
  })

  it('that the policy denies says so', async () => {
    const { ask, gateway } = await world()
    expect(await ask('POST', '/call', call('conn:files:write_file', { path: '/etc/x' }))).toMatchObject({
      status: 403,
      body: { code: 'denied', data: { rule: 'no-writes' } },
    })
    expect(gateway.sent).toEqual([])
  })

  it('to a hidden tool tells the admin what the agent would not hear', async () => {
    const { ask } = await world()
    expect(await ask('POST', '/call', call('conn:files:get_env'))).toMatchObject({
      status: 403,
      body: { code: 'denied', data: { hidden: true }, detail: expect.stringContaining('hidden from agent:sidekick') },
    })
    expect(await ask('POST', '/call', call('conn:files:nothing'))).toMatchObject({
      status: 404,
      body: { code: 'tool_not_found' },
    })
  })

  it('may be made for a user, never with more than the agent is registered with', async () => {
    const { ask, gateway } = await world()
    await ask('POST', '/call', { ...call('conn:files:read_file'), user: 'ann' })
    expect(gateway.events).toMatchObject([{ principal: 'agent:sidekick/user:ann', user: 'ann' }])
  })
})

describe('the audit log', () => {
  it('is read in pages, newest first', async () => {
    const { ask, append } = await world()
    for (const tool of ['a', 'b', 'c']) append({ type: 'tool.call', tool })
    const first = await ask('GET', '/audit?type=tool.call&limit=2')
    expect(first.body.items.map(({ tool }) => tool)).toEqual(['c', 'b'])
    const rest = await ask('GET', `/audit?type=tool.call&limit=2&cursor=${first.body.nextCursor}`)
    expect(rest.body).toMatchObject({ items: [{ tool: 'a' }] })
  })

  it('remembers who looked into it, and for what', async () => {
    const { ask, records } = await world()
    await ask('GET', '/audit?agent=sidekick')
    expect(records).toMatchObject([
      { type: 'audit.read', principal: 'admin', detail: { filter: { agent: 'sidekick' } } },
    ])
  })

  it('is verified', async () => {
    const { ask } = await world()
    expect((await ask('POST', '/audit/verify')).body).toMatchObject({ ok: true })
  })

  it('is followed: the last records, then every new one, none twice', async () => {
    const { app, append } = await world()
    for (const tool of ['a', 'b', 'c']) append({ tool })
    const response = await app.request('/api/audit/tail?last=2', {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const readUntil = async (words: string): Promise<void> => {
      while (!text.includes(words)) text += (await reader?.read())?.value ?? ''
    }
    await readUntil('audit.tailed')
    append({ tool: 'd' })
    await readUntil('"tool":"d"')
    await reader?.cancel()
    expect(text.match(/^id: \d+$/gm)).toEqual(['id: 3', 'id: 4', 'id: 5'])
  })
})
