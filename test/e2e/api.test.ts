import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROBLEMS } from '../../src/kernel/problem.ts'
import { adminWorld } from '../helpers/admin-world.ts'
import { type Answer, type FrontDoor, frontDoor } from '../helpers/front-door.ts'

let door: FrontDoor
beforeAll(async () => {
  door = await frontDoor()
})
afterAll(() => door.close())

const code = ({ status, body }: Answer) => [status, body['code']]

interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { schema?: object }>> }>
  >
  readonly tags: readonly string[]
}
interface Document {
  readonly openapi: string
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}
const document = async () => (await door.ask('GET', '/api/openapi.json')).body as unknown as Document
const operationsOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )

describe('the OpenAPI document', () => {
  it('has every route that is mounted, and no other', async () => {
    const { app } = await adminWorld()
    const mounted = app.routes
      .filter(({ method, path }) => !['ALL', 'OPTIONS'].includes(method) && path.startsWith('/api/'))
      .map(({ method, path }) => `${method} ${path.replaceAll(/:([a-zA-Z]+)/g, '{$1}')}`)
    const { paths } = (await (await app.request('/api/openapi.json')).json()) as Document
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(described.toSorted()).toEqual(mounted.toSorted())
    expect(mounted.length).toBeGreaterThan(30)
  })

  it('is OpenAPI 3.1: unique operations, parameters of the path, tags and answers that are described', async () => {
    const all = await document()
    expect(all.openapi).toMatch(/^3\.1\./)
    const operations = operationsOf(all)
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const tags = all.tags.map(({ name }) => name)
    for (const { path, operation } of operations) {
      const named = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name)
      expect(named, path).toEqual([...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name))
      expect(
        operation.tags.every((tag) => tags.includes(tag)),
        path,
      ).toBe(true)
      expect(
        Object.keys(operation.responses).some((status) => /^[23]/.test(status)),
        path,
      ).toBe(true)
      expect(
        Object.values(operation.responses).every(({ description }) => description !== ''),
        path,
      ).toBe(true)
    }
  })

  it('has schemas that a validator takes, with every reference among the components', async () => {
    const { components, ...all } = await document()
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const bundle = { components }
    const compile = (schema: object) => ajv.compile({ ...bundle, ...schema })
    for (const [name, schema] of Object.entries(components.schemas)) expect(() => compile(schema), name).not.toThrow()
    for (const { path, operation } of operationsOf({ components, ...all })) {
      const contents = [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) =>
        Object.values(part?.content ?? {}),
      )
      const schemas = [...contents, ...(operation.parameters ?? [])].flatMap(({ schema }) => schema ?? [])
      for (const schema of schemas) expect(() => compile(schema), path).not.toThrow()
    }
  })

  it('knows every code that a problem can have', async () => {
    const { components } = await document()
    const problem = components.schemas['Problem'] as { properties: { code: { enum: string[] } } }
    expect(problem.properties.code.enum).toEqual(Object.keys(PROBLEMS).toSorted())
  })

  it('describes what is really answered', async () => {
    await door.agent('documented')
    await door.person('documented', ['viewer'])
    const all = await document()
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const checked: string[] = []
    for (const { path, method, operation } of operationsOf(all)) {
      const schema = operation.responses['200']?.content?.['application/json']?.schema
      if (method !== 'get' || schema === undefined || path.includes('/tools/')) continue
      const answer = await door.ask('GET', path.replaceAll(/\{[^}]+\}/g, 'documented'))
      if (answer.status !== 200) continue
      const validate = ajv.compile({ components: all.components, ...schema })
      validate(answer.body)
      expect(validate.errors, path).toBeNull()
      checked.push(path)
    }
    expect(checked).toEqual(expect.arrayContaining(['/api/agents', '/api/people/{id}', '/api/status', '/api/audit']))
  })
})

describe('a resource with a version', () => {
  const etagOf = async (path: string) => (await door.ask('GET', path)).headers.get('etag') ?? ''
  const put = (path: string, ifMatch: string | undefined, body: object) =>
    door.ask('PUT', path, { body, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } })

  it('says which version it is, and is not sent again to who has it', async () => {
    await door.agent('versioned')
    const etag = await etagOf('/api/agents/versioned')
    expect(etag).toBe('"1"')
    const again = await door.ask('GET', '/api/agents/versioned', { headers: { 'if-none-match': etag } })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  it('is changed only by who says which version is meant', async () => {
    await door.agent('careful')
    expect(code(await put('/api/agents/careful', undefined, {}))).toEqual([428, 'precondition_required'])
    for (const bad of ['1', 'W/"1"', '"1", "2"', '"']) {
      expect(code(await put('/api/agents/careful', bad, {})), bad).toEqual([400, 'invalid_request'])
    }
    for (const stale of ['"7"', '"x"', '"0"']) {
      expect(code(await put('/api/agents/careful', stale, {})), stale).toEqual([412, 'version_conflict'])
    }
    const changed = await put('/api/agents/careful', '"1"', { title: 'Careful', groups: ['a'] })
    expect(changed.body).toMatchObject({ title: 'Careful', groups: ['a'], toolNames: 'portable', enabled: true })
    expect(changed.headers.get('etag')).toBe('"2"')
    expect((await put('/api/agents/careful', '*', {})).status).toBe(200)
  })

  it('lets one of many win who all mean the same version', async () => {
    await door.person('raced', ['viewer'])
    const etag = await etagOf('/api/people/raced')
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => put('/api/people/raced', etag, { roles: [], title: `Writer ${at}` })),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(19)
    const won = answers.find(({ status }) => status === 200)
    expect((await door.ask('GET', '/api/people/raced')).body['title']).toBe(won?.body['title'])
  })

  it('is not ended by who means an older one: its keys go on working', async () => {
    const key = await door.agent('lasting')
    await put('/api/agents/lasting', '"1"', {})
    const stale = await door.ask('DELETE', '/api/agents/lasting', { headers: { 'if-match': '"1"' } })
    expect(code(stale)).toEqual([412, 'version_conflict'])
    expect((await door.ask('GET', '/api/me', { as: key })).status).toBe(200)
    expect((await door.ask('DELETE', '/api/agents/lasting', { headers: { 'if-match': '"2"' } })).status).toBe(200)
    expect((await door.ask('GET', '/api/me', { as: key })).status).toBe(401)
  })

  it('is refused as conflict when the configuration declares it', async () => {
    expect(await etagOf('/api/agents/ann')).toBe('')
    expect(code(await put('/api/agents/ann', '*', {}))).toEqual([409, 'conflict'])
    expect(code(await door.ask('POST', '/api/agents/ann/disable'))).toEqual([409, 'conflict'])
  })
})

describe('agents and their keys', () => {
  it('are refused while disabled, and let in again', async () => {
    const key = await door.agent('paused')
    expect((await door.ask('POST', '/api/agents/paused/disable')).body['enabled']).toBe(false)
    expect(code(await door.ask('GET', '/api/me', { as: key }))).toEqual([403, 'forbidden'])
    await door.ask('POST', '/api/agents/paused/enable')
    expect((await door.ask('GET', '/api/me', { as: key })).body).toMatchObject({ agent: 'paused', roles: [] })
  })

  it('rotate with an overlap in which both work, or without one', async () => {
    const first = await door.agent('turning')
    const idOf = (key: string) => key.split('_')[1] ?? ''
    const rotate = (key: string, overlap: string) =>
      door.ask('POST', `/api/keys/${idOf(key)}/rotate`, { body: { overlap } })
    const second = String((await rotate(first, '1h')).body['key'])
    const works = async (key: string) => (await door.ask('GET', '/api/me', { as: key })).status
    expect([await works(first), await works(second)]).toEqual([200, 200])
    const third = String((await rotate(second, 'none')).body['key'])
    expect([await works(first), await works(second), await works(third)]).toEqual([200, 401, 200])
    expect(code(await rotate(second, '1h'))).toEqual([404, 'not_found'])
    expect(code(await rotate(third, '31d'))).toEqual([400, 'invalid_request'])
  })
})

describe('a request with an Idempotency-Key', () => {
  const add = (id: string, key: string, as = door.admin) =>
    door.ask('POST', '/api/agents', { as, body: { id }, headers: { 'idempotency-key': key } })

  it('gets the same answer again, with the very key that was shown, and nothing is done twice', async () => {
    const first = await add('repeated', 'k-1')
    const second = await add('repeated', 'k-1')
    expect(second.status).toBe(201)
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    const keys = (await door.ask('GET', '/api/agents/repeated/keys')).body['items']
    expect(keys).toHaveLength(1)
  })

  it('is done once when it comes many times at the same moment', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => add('crowded', 'k-2')))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect((await door.ask('GET', '/api/agents/crowded/keys')).body['items']).toHaveLength(1)
  })

  it('is refused with another body, and belongs to one caller and one address', async () => {
    await add('mine', 'k-3')
    expect(code(await add('other', 'k-3'))).toEqual([409, 'idempotency_conflict'])
    const admin = await door.person('idem', ['admin'])
    expect((await add('mine', 'k-3', admin)).headers.get('idempotency-replayed')).toBeNull()
    const elsewhere = await door.ask('POST', '/api/agents/mine/keys', { headers: { 'idempotency-key': 'k-3' } })
    expect(elsewhere.headers.get('idempotency-replayed')).toBeNull()
  })

  it('is a new request after a failure that changed nothing', async () => {
    const failing = { body: {}, headers: { 'idempotency-key': 'k-4' } }
    expect((await door.ask('POST', '/api/agents/late/keys', failing)).status).toBe(404)
    await door.agent('late')
    expect((await door.ask('POST', '/api/agents/late/keys', failing)).status).toBe(201)
  })

  it('needs a key that can be one', async () => {
    for (const bad of ['a b', 'k'.repeat(256)]) {
      expect(code(await add('bad', bad)), bad).toEqual([400, 'invalid_request'])
    }
  })

  it('is answered to nobody who may not ask any more', async () => {
    const admin = await door.person('fired', ['admin'])
    await add('secretive', 'k-5', admin)
    await door.ask('PUT', '/api/people/fired', { body: { roles: ['viewer'] }, headers: { 'if-match': '*' } })
    expect(code(await add('secretive', 'k-5', admin))).toEqual([403, 'forbidden'])
  })
})

describe('bad input', () => {
  const post = (body: string, type = 'application/json') =>
    door.ask('POST', '/api/agents', { body, headers: { 'content-type': type } })

  it.each([
    ['a huge body', `{"id":"${'a'.repeat(1_100_000)}"}`, 413, 'payload_too_large'],
    ['deep nesting', `{"id":${'['.repeat(200)}${']'.repeat(200)}}`, 400, 'invalid_request'],
    ['a duplicate key', '{"id":"a","id":"b"}', 400, 'invalid_request'],
    ['a key that pollutes', '{"__proto__":{"id":"a"}}', 400, 'invalid_request'],
    ['no JSON', '{', 400, 'invalid_request'],
    ['an unknown member', '{"id":"a","admin":true}', 400, 'invalid_request'],
  ])('is told apart: %s', async (_what, body, status, wanted) => {
    expect(code(await post(body))).toEqual([status, wanted])
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx'])(
    'is no body of the type %s',
    async (type) => {
      expect(code(await post('{"id":"a"}', type))).toEqual([415, 'unsupported_media_type'])
    },
  )

  it('is a query that says something twice, or an address that is too long', async () => {
    expect(code(await door.ask('GET', '/api/agents?limit=1&limit=2'))).toEqual([400, 'invalid_request'])
    expect(code(await door.ask('GET', `/api/agents/${'a'.repeat(1_001)}`))).toEqual([400, 'invalid_request'])
  })

  it('is a method that the address does not take', async () => {
    const answer = await door.ask('PATCH', '/api/agents')
    expect(code(answer)).toEqual([405, 'method_not_allowed'])
    expect(answer.headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST')
    expect((await door.ask('OPTIONS', '/api/agents')).headers.get('allow')).toBe('GET, HEAD, OPTIONS, POST')
    const head = await door.ask('HEAD', '/api/audit/tail')
    expect([head.status, head.text]).toEqual([200, ''])
  })
})

describe('an action called over REST', () => {
  it('runs as over MCP, under the name that the caller has', async () => {
    const key = await door.agent('caller')
    const call = (body: object) => door.ask('POST', '/api/actions/call', { as: key, body })
    const full = await call({ actionIdentifier: 'conn:gatehouse:status' })
    const short = await call({ actionIdentifier: 'status', connectionId: 'gatehouse' })
    expect([full.status, short.status]).toEqual([200, 200])
    expect(full.body['requestId']).toBe(full.headers.get('x-request-id'))
    const seen = await door.ask('GET', `/api/audit?requestId=${String(full.body['requestId'])}`)
    expect(seen.text).toContain('"agent":"caller"')
    expect(code(await call({ actionIdentifier: 'conn:gatehouse:status', connectionId: 'other' }))).toEqual([
      404,
      'tool_not_found',
    ])
    expect(code(await call({ actionIdentifier: 'conn:no:such' }))).toEqual([404, 'tool_not_found'])
    expect(code(await call({ actionIdentifier: 'conn:gatehouse:status', input: [] }))).toEqual([400, 'invalid_request'])
  })
})
