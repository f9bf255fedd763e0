import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FrontDoor, frontDoor } from '../helpers/front-door.ts'

type Need = 'anyone' | 'caller' | 'agent' | 'viewer' | 'auditor' | 'approver' | 'admin'

/** Who may what, said once more and in another way than the gateway says it. */
const MAY: Readonly<Record<string, readonly Need[]>> = {
  nobody: ['anyone'],
  agent: ['anyone', 'caller', 'agent'],
  roleless: ['anyone', 'caller'],
  viewer: ['anyone', 'caller', 'viewer'],
  auditor: ['anyone', 'caller', 'viewer', 'auditor'],
  approver: ['anyone', 'caller', 'viewer', 'approver'],
  admin: ['anyone', 'caller', 'viewer', 'auditor', 'approver', 'admin'],
  'lock file': ['anyone', 'caller', 'viewer', 'auditor', 'approver', 'admin'],
}

interface Operation {
  readonly method: string
  readonly path: string
  readonly needs: Need
}

let door: FrontDoor
let keys: Readonly<Record<string, string>>
let operations: readonly Operation[]
beforeAll(async () => {
  door = await frontDoor()
  keys = {
    nobody: '',
    agent: await door.agent('sidekick'),
    roleless: await door.person('nil', []),
    viewer: await door.person('vic', ['viewer']),
    auditor: await door.person('aud', ['auditor']),
    approver: await door.person('app', ['approver']),
    admin: await door.person('adm', ['admin']),
    'lock file': door.admin,
  }
  const { body } = await door.ask('GET', '/api/openapi.json')
  operations = operationsOf(body as unknown as Document)
})
afterAll(() => door.close())

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly 'x-needs': Need }>>>>
}

const operationsOf = ({ paths }: Document): readonly Operation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{[^}]+\}/g, 'nothing-of-that-name'),
      needs: operation['x-needs'],
    })),
  )

/** Asks and reads no more than it must: streams never end by themselves. The body fits no route, so that nothing happens. */
async function codeOf(key: string, { method, path }: Operation): Promise<string | undefined> {
  const gone = new AbortController()
  const response = await fetch(door.origin + path, {
    method,
    headers: {
      ...(key !== '' && { authorization: `Bearer ${key}` }),
      ...(method !== 'GET' && { 'content-type': 'application/json' }),
    },
    ...(method !== 'GET' && method !== 'DELETE' && { body: '{"no-route-takes-this":1}' }),
    redirect: 'manual',
    signal: gone.signal,
  })
  const isProblem = (response.headers.get('content-type') ?? '').startsWith('application/problem+json')
  const code = isProblem ? ((await response.json()) as { code: string }).code : undefined
  gone.abort()
  return code
}

describe('every route of the API', () => {
  it('says whom it is for', () => {
    expect(operations.length).toBeGreaterThan(30)
    const known: readonly string[] = ['anyone', 'caller', 'agent', 'viewer', 'auditor', 'approver', 'admin']
    expect(operations.filter(({ needs }) => !known.includes(needs))).toEqual([])
  })

  it.each(Object.keys(MAY))('lets in %s exactly where that is said', async (who) => {
    const wrong: string[] = []
    for (const operation of operations) {
      const code = await codeOf(keys[who] ?? '', operation)
      const isIn = code !== 'forbidden' && code !== 'unauthenticated'
      const should = (MAY[who] ?? []).includes(operation.needs)
      if (isIn !== should) wrong.push(`${operation.method} ${operation.path}: ${code ?? 'let in'}`)
    }
    expect(wrong).toEqual([])
  })

  it('tells nobody apart from a wrong key before it has looked at the key', async () => {
    const protectedRoutes = operations.filter(({ needs }) => needs !== 'anyone')
    const codes = new Set<string | undefined>()
    for (const operation of protectedRoutes)
      codes.add(await codeOf(`ghp_${'a'.repeat(12)}_${'b'.repeat(43)}`, operation))
    expect([...codes]).toEqual(['unauthenticated'])
  })

  it('records every refusal with who was refused', async () => {
    const { body } = await door.ask('GET', '/api/audit?outcome=denied&limit=1000')
    const items = body['items'] as readonly { principal: string; code: string }[]
    const refused = (principal: string) => items.filter((item) => item.principal === principal).length
    const closedTo = (who: string) => operations.filter(({ needs }) => !(MAY[who] ?? []).includes(needs)).length
    expect(refused('person:vic')).toBe(closedTo('viewer'))
    expect(refused('agent:sidekick')).toBe(closedTo('agent'))
  })
})

describe('people and agents', () => {
  it('are never taken for each other: an agent named like a person has no role, a person opens no tool', async () => {
    const twin = await door.agent('vic')
    expect((await door.ask('GET', '/api/status', { as: twin })).body['code']).toBe('forbidden')
    const answer = await door.ask('POST', '/mcp', {
      as: keys['admin'] ?? '',
      body: { jsonrpc: '2.0', id: 1, method: 'ping' },
    })
    expect(answer.status).toBe(403)
    expect(answer.body['detail']).toContain('connect with the key of an agent')
    const call = { actionIdentifier: 'conn:gatehouse:status', input: {} }
    expect((await door.ask('POST', '/api/actions/call', { as: keys['admin'] ?? '', body: call })).status).toBe(403)
  })

  it('cannot ask for more with the header that processes of this machine use', async () => {
    const answer = await door.ask('GET', '/api/me', {
      as: keys['viewer'] ?? '',
      headers: { 'gatehouse-agent': 'sidekick' },
    })
    expect(answer.body).toEqual({ id: 'person:vic', user: 'vic', groups: [], roles: ['viewer'] })
  })

  it('lose what they may at once when an admin says so', async () => {
    const key = await door.person('max', ['admin'])
    expect((await door.ask('POST', '/api/config/reload', { as: key })).status).toBe(200)
    const etag = (await door.ask('GET', '/api/people/max')).headers.get('etag') ?? ''
    await door.ask('PUT', '/api/people/max', { body: { roles: ['viewer'] }, headers: { 'if-match': etag } })
    expect((await door.ask('POST', '/api/config/reload', { as: key })).status).toBe(403)
    await door.ask('DELETE', '/api/people/max')
    expect((await door.ask('GET', '/api/me', { as: key })).status).toBe(401)
  })

  it('see of the audit log what their role shows: arguments and results are for auditors', async () => {
    await door.ask('POST', '/api/actions/call', {
      as: keys['agent'] ?? '',
      body: { actionIdentifier: 'conn:gatehouse:search_tools', input: { query: 'purple elephants' } },
    })
    const seen = async (who: string) =>
      (await door.ask('GET', '/api/audit?type=tool.call', { as: keys[who] ?? '' })).text
    expect(await seen('auditor')).toContain('argumentsHash')
    expect(await seen('viewer')).not.toContain('argumentsHash')
    expect(await seen('viewer')).not.toContain('purple elephants')
    const guess = await door.ask('GET', '/api/audit?text=purple', { as: keys['viewer'] ?? '' })
    expect(guess.body['code']).toBe('forbidden')
    expect((await door.ask('GET', '/api/audit?text=purple', { as: keys['auditor'] ?? '' })).status).toBe(200)
  })
})
