import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FrontDoor, frontDoor } from '../helpers/front-door.ts'

let door: FrontDoor
beforeAll(async () => {
  const http = { provider: 'http', baseUrl: 'http://127.0.0.1:9/', allowPrivateNetwork: true, auth: { method: 'none' } }
  door = await frontDoor({ test: http, mcp: http })
})
afterAll(() => door?.close())

describe('names of things and words of the API', () => {
  it('lets a connection have the name of an address that takes other methods', async () => {
    for (const id of ['test', 'mcp']) {
      const shown = await door.ask('GET', `/api/connections/${id}`)
      expect([shown.status, shown.body['id']]).toEqual([200, id])
    }
    const options = await door.ask('OPTIONS', '/api/connections/test')
    expect(options.headers.get('allow')?.split(', ')).toEqual(expect.arrayContaining(['GET', 'POST', 'PUT', 'DELETE']))
    expect((await door.ask('POST', '/api/connections/test', { body: {} })).body['code']).toBe('invalid_request')
    const wrong = await door.ask('PATCH', '/api/connections/test')
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, options.headers.get('allow')])
  })

  it('lets nothing have a name that an address of the same method has taken', async () => {
    const { body } = await door.ask('GET', '/api/openapi.json')
    const paths = Object.entries(body['paths'] as Record<string, Record<string, unknown>>)
    const covers = (wide: string, narrow: string): boolean => {
      const [wider, own] = [wide.split('/'), narrow.split('/')]
      return wider.length === own.length && wider.every((part, n) => part === own[n] || part.startsWith('{'))
    }
    const taken = paths.flatMap(([narrow, methods]) =>
      paths.flatMap(([wide, others]) =>
        wide === narrow || !covers(wide, narrow)
          ? []
          : Object.keys(methods).flatMap((method) => (method in others ? [`${method} ${narrow}`] : [])),
      ),
    )
    expect(paths.length).toBeGreaterThan(30)
    expect(taken.map((one) => one.replace('/api', ''))).toEqual(['get /connections/expiring'])
    const refused = await door.ask('POST', '/api/connections', {
      body: { id: 'expiring', provider: 'http', method: 'none', baseUrl: 'https://example.com' },
    })
    expect([refused.status, refused.body['code']]).toEqual([400, 'invalid_request'])
    expect(refused.body['detail']).toContain('cannot be "gatehouse" or "expiring"')
  })
})
