import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type FakeVendor, fakeVendor, json } from '../helpers/fake-vendor.ts'
import { type FrontDoor, frontDoor } from '../helpers/front-door.ts'
import { mcpCaller } from '../helpers/mcp-caller.ts'

const TOKEN = 'a-scraper-with-a-long-token'
const POLICY = {
  rules: [
    { id: 'all', effect: 'allow' },
    { id: 'no-deletes', effect: 'deny', tools: { names: ['delete_resource'] } },
    {
      id: 'two-posts',
      effect: 'require',
      tools: { names: ['send_request'] },
      obligations: { rateLimit: { limit: 2, window: '1h' } },
    },
  ],
}

let vendor: FakeVendor
let door: FrontDoor
beforeAll(async () => {
  vi.stubEnv('GATEHOUSE_TEST_METRICS_TOKEN', TOKEN)
  vendor = await fakeVendor((request, ...rest) =>
    json({ ok: true }, request.target.startsWith('/gone') ? 404 : 200)(request, ...rest),
  )
  const http = { provider: 'http', baseUrl: vendor.url, allowPrivateNetwork: true, auth: { method: 'none' } }
  door = await frontDoor({ crm: http }, POLICY, { metrics: { token: { env: 'GATEHOUSE_TEST_METRICS_TOKEN' } } })
})
afterAll(async () => {
  await door?.close()
  await vendor?.[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const NUMBER = String.raw`[-+]?(?:[0-9]*\.?[0-9]+(?:e[-+]?[0-9]+)?|Inf|NaN)`
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`
const SAMPLE = new RegExp(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(${LABEL}(?:,${LABEL})*)?\\})? (${NUMBER})$`, 'i')

/** Reads text exposition format 0.0.4 and fails on any line that is none. */
function samplesOf(text: string): readonly Sample[] {
  expect(text.endsWith('\n')).toBe(true)
  const typed = new Map<string, string>()
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('# HELP ')) return []
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (type) {
      expect(typed.has(type[1] ?? ''), `${type[1]} is declared twice`).toBe(false)
      typed.set(type[1] ?? '', type[2] ?? '')
      return []
    }
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? []
    expect(name, line).not.toBe('')
    expect(typed.has(name) || typed.has(name.replace(/_(?:bucket|sum|count)$/, '')), `${name} has no type`).toBe(true)
    const pairs = [...labels.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)]
    return [
      {
        name,
        labels: Object.fromEntries(pairs.map(([, key = '', text = '']) => [key, text])),
        value: Number(value.replace('Inf', 'Infinity')),
      },
    ]
  })
}

const scrape = async (as = TOKEN) => {
  const answer = await door.ask('GET', '/metrics', { as })
  expect(answer.status, answer.text).toBe(200)
  return { ...answer, samples: samplesOf(answer.text) }
}
const call = (as: string, actionIdentifier: string, input: object) =>
  door.ask('POST', '/api/actions/call', { as, body: { actionIdentifier, input } })

describe('/metrics', () => {
  it('is for the configured token and for people with a role, and for nobody else on this machine', async () => {
    const viewer = await door.person('vera', ['viewer'])
    const agent = await door.agent('spy')
    expect((await fetch(`${door.origin}/metrics`)).status).toBe(401)
    expect((await door.ask('GET', '/metrics', { as: `${TOKEN}x` })).status).toBe(401)
    expect((await door.ask('GET', '/metrics', { as: agent })).status).toBe(403)
    for (const as of [TOKEN, viewer, door.admin]) {
      const { headers } = await scrape(as)
      expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    }
    expect((await door.ask('GET', '/api/status', { as: TOKEN })).status).toBe(401)
  })

  it('counts what the audit log tells, outcome by outcome', async () => {
    const key = await door.agent('ben')
    await call(key, 'conn:crm:get_resource', { path: '/x' })
    await call(key, 'conn:crm:get_resource', { path: '/gone' })
    await call(key, 'conn:crm:get_resource', { wrong: 1 })
    await call(key, 'conn:crm:delete_resource', { path: '/x' })
    for (let count = 0; count < 4; count++) await call(key, 'conn:crm:send_request', { method: 'POST', path: '/x' })
    await call(key, `conn:crm:no_such"tool\n`, {})
    await call(key, 'conn:gatehouse:status', {})
    const { samples } = await scrape()
    const counted = samples
      .filter(({ name }) => name === 'gw_calls_total')
      .map(({ labels: { connection, outcome }, value }) => `${connection} ${outcome} ${value}`)

    const { body } = await door.ask('GET', '/api/audit?limit=100&type=tool.call')
    const records = (body['items'] as { phase: string; connection?: string; outcome: string }[]).filter(
      ({ phase }) => phase === 'outcome',
    )
    const told = new Map<string, number>()
    for (const { connection = 'none', outcome } of records)
      told.set(`${connection} ${outcome}`, (told.get(`${connection} ${outcome}`) ?? 0) + 1)
    expect(counted.toSorted()).toEqual([...told].map(([key_, count]) => `${key_} ${count}`).toSorted())
    expect(told.size).toBeGreaterThan(4)
    const value = (name: string, labels: object = {}) =>
      samples.find(
        (one) => one.name === name && Object.entries(labels).every(([key_, text]) => one.labels[key_] === text),
      )?.value
    expect(value('gw_rate_limited_total', { code: 'rate_limit_exceeded' })).toBe(2)
    expect(
      value('mcp_server_operation_duration_seconds_count', {
        mcp_method_name: 'tools/call',
        error_type: 'upstream_refused',
      }),
    ).toBe(1)
    const sent = samples.filter(({ name }) => name === 'mcp_client_operation_duration_seconds_count')
    expect(sent.reduce((sum, one) => sum + one.value, 0)).toBe(5)
    expect(value('gw_added_duration_seconds_count')).toBe(records.length)
  })

  it('times lists by method, those that fail by code, in both eras', async () => {
    const key = await door.agent('lister')
    const counts = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await scrape()).samples.flatMap(({ name, labels: { mcp_method_name: method, error_type: code }, value }) =>
          name === 'mcp_server_operation_duration_seconds_count' && method?.endsWith('/list') === true
            ? [[`${method} ${code}`, value]]
            : [],
        ),
      )
    const [modern, legacy] = [
      await mcpCaller({ mcp: door.endpoint.href, key, era: 'modern' }),
      await mcpCaller({ mcp: door.endpoint.href, key, era: 'legacy' }),
    ]
    const before = await counts()
    for (const caller of [modern, modern, legacy]) await caller.list()
    await legacy.request('tools/list', { cursor: 'made-up' })
    await modern.request('prompts/list', {})
    await modern.request('resources/templates/list', {})
    const after = await counts()
    const more = Object.entries(after).map(([key_, count]) => [key_, count - (before[key_] ?? 0)])
    expect(Object.fromEntries(more)).toEqual({
      'tools/list ': 3,
      'tools/list invalid_cursor': 1,
      'prompts/list ': 1,
      'resources/templates/list ': 1,
    })
  })

  it('has every promised name, histograms that add up, and no agent, person or argument in any label', async () => {
    const { samples, text } = await scrape()
    const names = new Set(samples.map(({ name }) => name))
    for (const name of [
      'gw_build_info',
      'gw_calls_total',
      'gw_policy_decisions_total',
      'gw_rate_limited_total',
      'gw_connections',
      'gw_sessions',
      'gw_streams',
      'gw_snapshot_age_seconds',
      'gw_audit_queue_depth',
      'gw_approvals_pending',
      'gw_event_loop_delay_seconds',
      'process_resident_memory_bytes',
    ])
      expect(names, name).toContain(name)
    expect(text).toContain('# TYPE gw_token_refresh_total counter')
    expect(text).toContain('# TYPE gw_circuit_state gauge')
    expect(samples.find(({ name }) => name === 'gw_connections')).toMatchObject({
      labels: { provider: 'http', state: 'active' },
      value: 1,
    })
    expect(samples.find(({ name }) => name === 'process_resident_memory_bytes')?.value).toBeGreaterThan(10_000_000)
    const buckets = new Map<string, Sample[]>()
    for (const sample of samples.filter(({ name }) => name.endsWith('_bucket'))) {
      const { le: _le, ...labels } = sample.labels
      const key = `${sample.name.replace('_bucket', '_count')} ${JSON.stringify(labels)}`
      buckets.set(key, [...(buckets.get(key) ?? []), sample])
    }
    expect(buckets.size).toBeGreaterThan(4)
    for (const [key, series] of buckets) {
      const counts = series.map(({ value }) => value)
      expect(counts).toEqual(counts.toSorted((a, b) => a - b))
      const count = samples.find(({ name, labels }) => `${name} ${JSON.stringify(labels)}` === key)
      expect([series.at(-1)?.labels['le'], series.at(-1)?.value]).toEqual(['+Inf', count?.value])
    }
    for (const word of ['ben', 'vera', 'no_such', '/gone', 'get_resource']) expect(text).not.toContain(word)
  })
})
