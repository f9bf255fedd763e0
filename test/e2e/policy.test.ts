import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { compose } from '../../src/compose/compose.ts'
import { configured } from '../helpers/composed.ts'
import { type Answer, type FrontDoor, frontDoor } from '../helpers/front-door.ts'

const DOWNSTREAM = join(import.meta.dirname, '../fakes/downstream/legacy-server.mjs')
const CONNECTIONS = {
  tools: { mcp: { command: process.execPath, args: [DOWNSTREAM, 'fine'] }, tools: { echo: { effect: 'read' } } },
}
const POLICY = {
  rules: [
    { id: 'echo', effect: 'allow', tools: { names: ['echo'] } },
    { id: 'own', effect: 'allow', tools: { connections: ['gatehouse'] } },
  ],
  tests: [
    {
      name: 'echo is for everybody',
      as: { agent: 'ann' },
      call: { tool: 'conn:tools:echo', args: { message: 'x' } },
      expect: 'allow',
    },
  ],
}
const ENVIRONMENT = { id: 'environment', effect: 'allow', tools: { names: ['environment'] } }
const NO_SECRETS = {
  id: 'no-secrets',
  effect: 'deny',
  tools: { names: ['search_tools'] },
  args: { '/query': { equals: 'secret' } },
}

let door: FrontDoor
beforeEach(async () => {
  door = await frontDoor(CONNECTIONS, POLICY)
})
afterEach(() => door.close())

const etagOf = async (): Promise<string> => (await door.ask('GET', '/api/policy')).headers.get('etag') ?? ''
async function put(body: object, etag?: string): Promise<Answer> {
  return door.ask('PUT', '/api/policy', { body, headers: { 'if-match': etag ?? (await etagOf()) } })
}
async function seenBy(agent: string): Promise<readonly string[]> {
  const { body } = await door.ask('GET', `/api/tools?agent=${agent}&connection=tools`)
  return (body['items'] as readonly { id: string }[]).map(({ id }) => id)
}
const look = (query: string): Promise<Answer> =>
  door.ask('POST', '/api/call', { body: { agent: 'ann', tool: SEARCH, arguments: { query } } })
const SEARCH = 'conn:gatehouse:search_tools'
const ECHO = 'conn:tools:echo'
const ENV = 'conn:tools:environment'

describe('the managed policy over the API', () => {
  it('begins empty, is evaluated beside the declared one, and changes what a connected agent sees at once', async () => {
    const first = await door.ask('GET', '/api/policy')
    expect(first.body).toMatchObject({ version: 0, active: true, document: { rules: [] } })
    const heard = await listening()
    const saved = await put({ document: { rules: [ENVIRONMENT] }, message: 'Ann debugs' })
    expect([saved.status, saved.body['state'], saved.body['version']]).toEqual([200, 'activated', 1])
    expect(saved.body['impact']).toMatchObject({ gained: 1, lost: 0, widening: 1 })
    expect(saved.headers.get('etag')).toBe(await etagOf())
    expect(await seenBy('ann')).toEqual([ECHO, ENV])
    await expect.poll(heard, { timeout: 10_000 }).toBe(1)
    const { body } = await door.ask('GET', '/api/policy/effective')
    const origins = (body['rules'] as readonly { origin: string; rule: { id: string } }[]).map(
      ({ origin, rule }) => `${origin} ${rule.id}`,
    )
    expect(origins).toEqual(['declared echo', 'declared own', 'managed environment'])
    expect((await door.ask('GET', '/api/policy/versions/1')).body).toMatchObject({
      author: 'admin',
      message: 'Ann debugs',
      parent: 0,
      tests: { passed: 1, failed: 0 },
    })
  })

  it('wants to know which version is meant, and takes one of two saves that race', async () => {
    const blind = await door.ask('PUT', '/api/policy', { body: { document: { rules: [] } } })
    expect(blind.status).toBe(428)
    const etag = await etagOf()
    const both = await Promise.all([
      put({ document: { rules: [ENVIRONMENT] } }, etag),
      put({ document: { rules: [NO_SECRETS] } }, etag),
    ])
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 412])
    expect((await door.ask('GET', '/api/policy')).body['version']).toBe(1)
    expect((await put({ document: { rules: [] } }, etag)).body['detail']).toContain('version 1 is in force')
  })

  it('refuses what is wrong, with every problem and its line, and keeps what was in force', async () => {
    await put({ document: { rules: [ENVIRONMENT] } })
    const text = '{\n  "rules": [\n    { "id": "a", "efect": "allow" },\n    { "id": "b", "effect": "permit" }\n  ]\n}'
    const bad = await put({ text })
    expect([bad.status, bad.body['code']]).toEqual([422, 'policy_invalid'])
    const { problems } = bad.body['data'] as { problems: readonly { line: number; path: string; message: string }[] }
    expect(problems.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '3 /rules/0/effect',
      '3 /rules/0/efect',
      '4 /rules/1/effect',
    ])
    expect(problems[1]?.message).toContain('effect')
    const unknown = await put({ text: '{"rules":[\n{"id":"x","effect":"allow","subjects":{"agents":["nan"]}}]}' })
    expect(unknown.body['data']).toMatchObject({ problems: [{ rule: 'x', origin: 'managed', line: 2 }] })
    const twin = await put({ document: { rules: [{ ...ENVIRONMENT, id: 'echo' }] } })
    expect(twin.body['detail']).toContain('The managed rule "echo" has the name of a declared rule')
    expect((await door.ask('GET', '/api/policy')).body).toMatchObject({
      version: 1,
      document: { rules: [ENVIRONMENT] },
    })
    expect(await seenBy('ann')).toEqual([ECHO, ENV])
  })

  it('runs the tests of both documents, and is forced only by word, on record', async () => {
    const document = { rules: [{ id: 'no-echo', effect: 'deny', tools: { names: ['echo'] } }] }
    const failed = await put({ document })
    expect([failed.status, failed.body['code']]).toEqual([422, 'policy_tests_failed'])
    expect(failed.body['data']).toMatchObject({
      failed: 1,
      problems: [{ path: 'echo is for everybody', got: expect.stringContaining('deny') }],
    })
    expect(await seenBy('ann')).toEqual([ECHO])
    const dry = await put({ document, force: true, dryRun: true })
    expect(dry.body).toMatchObject({ state: 'dry_run', version: 0, forced: false, impact: { lost: 1 } })
    const forced = await put({ document, force: true })
    expect(forced.body).toMatchObject({ state: 'activated', version: 1, forced: true })
    expect(await seenBy('ann')).toEqual([])
    const { body } = await door.ask('GET', '/api/audit?type=policy.activated')
    expect(body['items']).toMatchObject([
      { phase: 'outcome', outcome: 'ok', detail: { version: 1, forced: true } },
      { phase: 'intent', detail: { version: 1, parent: 0, forced: true, tests: { failed: 1 } } },
    ])
  })

  it('goes back by activating an old text as a new version', async () => {
    await put({ document: { rules: [ENVIRONMENT] } })
    await put({ document: { rules: [] } })
    const back = await door.ask('POST', '/api/policy/versions/1/activate', { body: { message: 'It was right' } })
    expect(back.body).toMatchObject({ version: 3, state: 'activated' })
    expect(await seenBy('ann')).toEqual([ECHO, ENV])
    const again = await door.ask('POST', '/api/policy/versions/1/activate', { body: {} })
    expect(again.body).toMatchObject({ version: 3, state: 'unchanged' })
    const { body } = await door.ask('GET', '/api/policy/versions')
    const items = body['items'] as readonly { version: number; parent: number; restored?: number; active: boolean }[]
    expect(items.map(({ version, parent, restored, active }) => [version, parent, restored, active])).toEqual([
      [3, 2, 1, true],
      [2, 1, undefined, false],
      [1, 0, undefined, false],
      [0, 0, undefined, false],
    ])
    expect((await door.ask('POST', '/api/policy/versions/9/activate', { body: {} })).status).toBe(404)
  })

  it('changes single rules, groups and tests, and no declared one', async () => {
    const at = async (method: string, path: string, body?: object): Promise<Answer> =>
      door.ask(method, `/api/policy/${path}`, { ...(body && { body }), headers: { 'if-match': await etagOf() } })
    expect((await at('PUT', 'groups/readers', { group: { agents: ['ann'] } })).body['version']).toBe(1)
    const rule = { ...ENVIRONMENT, subjects: { groups: ['readers'] } }
    expect((await at('PUT', 'rules/environment', { rule })).body['version']).toBe(2)
    expect(await seenBy('ann')).toEqual([ECHO, ENV])
    const test = { as: { agent: 'ann' }, list: { includes: [ENV] } }
    expect((await at('PUT', `tests/${encodeURIComponent('Ann sees it')}`, { test })).body['version']).toBe(3)
    const broken = await at('DELETE', 'groups/readers')
    expect([broken.status, broken.body['detail']]).toEqual([422, expect.stringContaining('readers')])
    expect((await at('DELETE', 'rules/environment')).body['code']).toBe('policy_tests_failed')
    expect((await at('DELETE', `tests/${encodeURIComponent('Ann sees it')}`)).status).toBe(200)
    expect((await at('DELETE', 'rules/environment')).status).toBe(200)
    expect(await seenBy('ann')).toEqual([ECHO])
    const declared = await at('DELETE', 'rules/echo')
    expect([declared.status, declared.body['detail']]).toEqual([
      409,
      expect.stringContaining('declared in gateway.config.json'),
    ])
    expect((await at('DELETE', 'rules/none')).status).toBe(404)
    expect((await at('PUT', 'rules/a', { rule: { ...ENVIRONMENT, id: 'b' } })).status).toBe(400)
  })
})

describe('a plan over the API', () => {
  it('says what becomes of calls of the past, and what cannot be told', async () => {
    for (const query of ['a', 'secret', 'b']) expect((await look(query)).status).toBe(200)
    const plan = async (rules: object): Promise<Record<string, unknown>> =>
      (await door.ask('POST', '/api/policy/plan', { body: { rules } })).body
    const blind = await plan({ 'no-secrets': NO_SECRETS })
    expect(blind['replay']).toMatchObject({ total: 3, changed: 0, indeterminate: 3 })
    expect(blind['access']).toMatchObject({ totals: { conditionsChanged: 1, widening: 0 } })
    // From now on a rule refers to the argument, so that it is recorded.
    await put({ document: { rules: [{ ...NO_SECRETS, mode: 'shadow' }] } })
    for (const query of ['a', 'secret', 'b']) await look(query)
    const seeing = await plan({ 'no-secrets': NO_SECRETS })
    expect(seeing['replay']).toMatchObject({
      total: 6,
      changed: 1,
      widened: 0,
      indeterminate: 3,
      changes: [{ agent: 'ann', tool: SEARCH, before: { kind: 'allow' }, after: { kind: 'deny', rule: 'no-secrets' } }],
    })
    const shadow = (await door.ask('GET', '/api/policy/shadow')).body
    expect(shadow).toMatchObject({
      calls: 6,
      rules: [
        { rule: 'no-secrets', mode: 'shadow', calls: 1, would: { deny: 1 }, agents: [{ name: 'ann', calls: 1 }] },
      ],
    })
    const widening = await plan({ environment: ENVIRONMENT })
    expect(widening).toMatchObject({
      access: { gained: [{ agent: 'ann', tool: ENV, widening: true }] },
      text: { added: [{ part: 'rule', name: 'environment' }] },
      base: { version: 1 },
      tests: { passed: 1 },
    })
    expect((await door.ask('GET', '/api/policy')).body['version']).toBe(1)
  })

  it('compares a declared document, and refuses to guess what is meant', async () => {
    const declared = { layer: 'declared', document: { rules: [] }, replay: false }
    const { body } = await door.ask('POST', '/api/policy/plan', { body: declared })
    expect(body).toMatchObject({ access: { lost: expect.arrayContaining([expect.objectContaining({ tool: ECHO })]) } })
    expect(body).not.toHaveProperty('replay')
    expect((await door.ask('POST', '/api/policy/plan', { body: {} })).status).toBe(400)
  })
})

describe('what the policy means', () => {
  it('is listed as a matrix, page by page', async () => {
    const path = '/api/policy/matrix?agent=ann&connection=tools&limit=5'
    const cells: { tool: string; access: string; rules: string[] }[] = []
    let cursor: string | undefined
    do {
      const { body } = await door.ask('GET', cursor === undefined ? path : `${path}&cursor=${cursor}`)
      cells.push(...(body['items'] as typeof cells))
      cursor = body['nextCursor'] as string | undefined
    } while (cursor !== undefined)
    expect(cells.length).toBeGreaterThan(8)
    expect(new Set(cells.map(({ tool }) => tool)).size).toBe(cells.length)
    expect(cells.filter(({ access }) => access !== 'none')).toMatchObject([
      { tool: ECHO, access: 'allow', rules: ['echo'] },
    ])
    expect((await door.ask('GET', '/api/policy/matrix?agent=nan')).status).toBe(404)
  })

  it('is explained with the argument that is in the way and the agent’s own sentence', async () => {
    await put({ document: { rules: [NO_SECRETS] } })
    const question = { agent: 'ann', tool: SEARCH, arguments: { query: 'secret' } }
    const { body } = await door.ask('POST', '/api/policy/explain', { body: question })
    expect(body).toMatchObject({
      decision: 'deny',
      rule: 'no-secrets',
      failed: [{ rule: 'no-secrets', effect: 'deny' }],
      forAgent: expect.stringContaining('no-secrets'),
    })
    const hidden = await door.ask('POST', '/api/policy/explain', { body: { agent: 'ann', tool: ENV } })
    expect(hidden.body).toMatchObject({ decision: 'deny', visible: false })
    expect(hidden.body).not.toHaveProperty('forAgent')
  })

  it('is tested and linted without being saved', async () => {
    const document = { rules: [], tests: [{ name: 'nobody', as: { agent: 'ann' }, list: { excludes: [ECHO] } }] }
    const { body } = await door.ask('POST', '/api/policy/test', { body: { document } })
    expect(body).toMatchObject({ passed: 1, failed: 1, results: [{ passed: true }, { name: 'nobody', passed: false }] })
    await put({ document: { rules: [{ id: 'idle', effect: 'deny', when: { notAfter: '2020-01-01T00:00:00Z' } }] } })
    const { items } = (await door.ask('GET', '/api/policy/lint')).body as { items: readonly { rule: string }[] }
    expect(items.map(({ rule }) => rule)).toContain('idle')
  })
})

/** How often a connected agent has heard that its tools are others. */
async function listening(): Promise<() => number> {
  const client = new Client({ name: 'test', version: '1' })
  let heard = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard++)
  await client.connect(new StreamableHTTPClientTransport(door.endpoint, { requestInit: { headers: door.as('ann') } }))
  onTestFinished(() => client.close())
  await client.listTools()
  return () => heard
}

describe('a gateway that starts again', () => {
  const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined, setLevel: () => undefined }

  async function open(path: string, mode: 'serve' | 'command', errors: string[] = []) {
    const log = { ...SILENT, error: (_facts: object, message: string) => void errors.push(message) }
    const house = await compose({ configPath: path, mode, log })
    const ask = async (method: string, at: string, body?: object, headers: Record<string, string> = {}) => {
      const response = await house.app.request(`/api${at}`, {
        method,
        headers: {
          authorization: `Bearer ${house.adminToken.reveal()}`,
          'content-type': 'application/json',
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      return (await response.json()) as Record<string, unknown>
    }
    return { house, ask }
  }
  const save = async ({ ask }: Awaited<ReturnType<typeof open>>, document: object) => {
    const { etag } = await ask('GET', '/policy')
    return ask('PUT', '/policy', { document }, { 'if-match': `"${String(etag)}"` })
  }

  it(
    'has the version that was in force; a bad one stops it, and a command can go back',
    { timeout: 60_000 },
    async () => {
      const { path, remove } = await configured({ connections: {}, policy: { rules: [] } })
      onTestFinished(remove)
      const first = await open(path, 'serve')
      const rule = { id: 'own', effect: 'allow', tools: { connections: ['gatehouse'] } }
      expect(await save(first, { rules: [rule] })).toMatchObject({ version: 1 })
      await first.house.close()

      const second = await open(path, 'serve')
      expect(await second.ask('GET', '/policy')).toMatchObject({ version: 1, document: { rules: [rule] } })
      expect(await second.ask('GET', '/policy/effective')).toMatchObject({ rules: [{ origin: 'managed', rule }] })
      await second.house.close()

      // While it is down somebody declares a rule of the same name.
      const config = JSON.parse(await readFile(path, 'utf8')) as object
      await writeFile(path, JSON.stringify({ ...config, policy: { rules: [rule] } }))
      await expect(open(path, 'serve')).rejects.toThrow(
        /Version 1 of the managed policy cannot be used with this configuration.*"own".*gatehouse policy rollback 0/s,
      )
      const errors: string[] = []
      const command = await open(path, 'command', errors)
      expect(errors).toMatchObject([expect.stringContaining('everything is denied: Version 1 of the managed policy')])
      expect(await command.ask('GET', '/policy')).toMatchObject({
        version: 1,
        problem: expect.stringContaining('"own"'),
      })
      expect(await command.ask('GET', '/policy/effective')).toMatchObject({ rules: [], problem: expect.any(String) })
      expect(await command.ask('POST', '/policy/versions/0/activate', {})).toMatchObject({ version: 2 })
      expect(await command.ask('GET', '/policy')).not.toHaveProperty('problem')
      await command.house.close()

      const third = await open(path, 'serve')
      onTestFinished(() => third.house.close())
      expect(await third.ask('GET', '/policy/effective')).toMatchObject({ rules: [{ origin: 'declared', rule }] })
    },
  )

  it('refuses an edit of the file whose tests fail, and says so', { timeout: 60_000 }, async () => {
    const allow = { id: 'own', effect: 'allow', tools: { connections: ['gatehouse'] } }
    const test = { name: 'status', as: { agent: 'ann' }, list: { includes: ['conn:gatehouse:search_tools'] } }
    const { path, remove } = await configured({ connections: {}, policy: { rules: [allow] } })
    onTestFinished(remove)
    const { house, ask } = await open(path, 'serve')
    onTestFinished(() => house.close())
    const config = JSON.parse(await readFile(path, 'utf8')) as object
    const edit = async (policy: object) => {
      await writeFile(path, JSON.stringify({ ...config, policy }))
      return ask('POST', '/config/reload')
    }
    const refused = await edit({ rules: [], tests: [test] })
    expect(refused['detail']).toContain('A test of the policy fails: "status"')
    const status = (await ask('GET', '/status')) as { config: { lastError?: { detail: string } } }
    expect(status.config.lastError?.detail).toContain('"status"')
    expect(await ask('GET', '/policy/effective')).toMatchObject({ rules: [{ rule: allow }] })
    expect(await edit({ rules: [allow], tests: [test] })).not.toHaveProperty('detail')
    // A managed test must not be broken from the file either.
    const managed = { rules: [], tests: [{ ...test, name: 'still' }] }
    expect(await save({ house, ask }, managed)).toMatchObject({ version: 1 })
    expect((await edit({ rules: [] }))['detail']).toContain('"still"')
  })
})
