// A downstream MCP server of the legacy era over stdio, without the SDK so that it starts at once and can misbehave.
// argv[2] names the manner: fine | silent | garbage | banner | flood | exit-at-once | exit-on-probe | odd-tools | stubborn | flapping
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [manner = 'fine', file] = process.argv.slice(2)
const schema = { type: 'object', properties: {} }
const tool = (name, more = {}) => ({ name, description: `The tool ${name}.`, inputSchema: schema, ...more })

let tools = [
  tool('echo', { 'x-vendor': { kept: true }, annotations: { readOnlyHint: true, 'x-hint': 1 } }),
  tool('wipe', { annotations: { destructiveHint: true } }),
  ...[
    'slow',
    'hang',
    'exit',
    'refuse',
    'ask',
    'log',
    'grow',
    'spawn',
    'environment',
    'garbage_result',
    'cancelled',
  ].map((name) => tool(name)),
]
const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const text = (value) => ({ content: [{ type: 'text', text: value }] })
const waiting = new Map()
let cancelled = []

function call(id, { name, arguments: input = {}, _meta = {} }) {
  const progress = (params) =>
    write({ method: 'notifications/progress', params: { progressToken: _meta.progressToken, ...params } })
  const { progressToken: _hop, ...meta } = _meta
  const answers = {
    echo: () => ({
      ...text(JSON.stringify(input)),
      structuredContent: { input, meta },
      'x-result': [1],
      _meta: { 'x-trace': 't' },
    }),
    slow: () => {
      for (const step of [1, 2, 3]) progress({ progress: step, total: 3, message: `step ${step}` })
      return text('done')
    },
    hang: () => void waiting.set(id, true),
    exit: () => {
      process.stderr.write('panic: out of cheese\n', () => process.exit(3))
    },
    ask: () =>
      void write({ id: 'ask-1', method: 'elicitation/create', params: { message: 'who?', requestedSchema: schema } }),
    log: () => {
      write({ method: 'notifications/message', params: { level: 'info', data: 'hello', 'x-log': true } })
      return text('logged')
    },
    grow: () => {
      tools = [...tools, tool(`extra_${tools.length}`)]
      for (let i = 0; i < 50; i += 1) write({ method: 'notifications/tools/list_changed' })
      return text('grown')
    },
    spawn: () => {
      const child = spawn(process.execPath, ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], {
        stdio: 'inherit',
      })
      return text(String(child.pid))
    },
    environment: () => text(JSON.stringify(process.env)),
    identity: () => text(JSON.stringify({ pid: process.pid })),
    big: () => text('x'.repeat(input.bytes)),
    garbage_result: () => 'not an object',
    cancelled: () => text(JSON.stringify(cancelled)),
  }
  const errors = { refuse: { code: -32042, message: 'not today', data: { until: 'friday' } } }
  if (name === 'ask') waiting.set('ask-1', id)
  const result = answers[name]?.()
  if (result !== undefined) write({ id, result })
  else if (errors[name]) write({ id, error: errors[name] })
}

function page(cursor) {
  if (manner !== 'odd-tools') return { tools }
  const at = Number(cursor ?? 0)
  const odd = [
    tool(''),
    tool('bad\u0007name'),
    tool('n'.repeat(129)),
    { name: 'no_schema' },
    tool('echo'),
    'nonsense',
    tool('fat', { inputSchema: { type: 'object', description: 'x'.repeat(300_000) } }),
    tool('deep', { inputSchema: JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) }),
    JSON.parse('{"name":"proto","inputSchema":{"type":"object","__proto__":{"x":1}}}'),
  ]
  const some = at === 0 ? [...tools, ...odd] : Array.from({ length: 1_000 }, (_, i) => tool(`tool_${at}_${i}`))
  return { tools: some, nextCursor: String(at + 1) }
}

function answer({ id, method, params, error }) {
  if (id === undefined) {
    if (method === 'notifications/cancelled') cancelled = [...cancelled, params]
  } else if (method === undefined) {
    const asked = waiting.get(id)
    if (asked !== undefined) write({ id: asked, result: text(JSON.stringify({ error })) })
  } else if (method === 'tools/call') call(id, params)
  else reply(id, method, params)
}

function reply(id, method, params) {
  const results = {
    initialize: () => ({
      protocolVersion: '2025-06-18',
      capabilities: { tools: { listChanged: true } },
      serverInfo: { name: 'fixture', version: '1.0.0' },
    }),
    ping: () => ({}),
    'tools/list': () => page(params?.cursor),
  }
  if (results[method]) write({ id, result: results[method]() })
  else if (manner === 'exit-on-probe') process.exit(1)
  else write({ id, error: { code: -32601, message: 'Method not found' } })
}

function serve() {
  createInterface({ input: process.stdin }).on('line', (line) => answer(JSON.parse(line)))
}

const starts = () => (file && existsSync(file) ? readFileSync(file, 'utf8').length : 0)
if (file) appendFileSync(file, '.')

switch (manner) {
  case 'silent':
    process.stdin.resume()
    break
  case 'garbage':
    for (let i = 0; i < 500; i += 1) process.stdout.write(`Welcome to line ${i}\n`)
    setInterval(() => {}, 1_000)
    break
  case 'banner':
    process.stdout.write('Welcome!\n\nListening on stdio\n')
    serve()
    break
  case 'flood': {
    const megabyte = `${'x'.repeat(1_023)}\n`.repeat(1_024)
    for (let i = 0; i < 50; i += 1) process.stderr.write(megabyte)
    // It serves only when all of it was taken.
    process.stderr.write('the last words\n', serve)
    break
  }
  case 'exit-at-once':
    process.stderr.write(`\u001b[31mError\u001b[0m: no such folder, token ${process.env.API_TOKEN}\n`)
    process.exitCode = 1
    break
  case 'stubborn':
    process.on('SIGTERM', () => {})
    setInterval(() => {}, 1_000)
    serve()
    break
  case 'flapping':
    if (starts() <= 3) process.exit(1)
    serve()
    break
  default:
    serve()
}
