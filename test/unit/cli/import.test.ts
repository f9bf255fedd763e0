import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseJsonc } from '../../../src/cli/import/jsonc.ts'
import { readServers } from '../../../src/cli/import/read.ts'
import { toSlug } from '../../../src/cli/import/server.ts'
import { parseToml } from '../../../src/cli/import/toml.ts'
import { withConnections } from '../../../src/cli/import/write.ts'
import { parseConfig } from '../../../src/config/parse-config.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../../../src/kernel/json.ts'
import { testShell } from '../../helpers/test-shell.ts'

const CLIENTS = join(import.meta.dirname, '../../fixtures/clients')
const FILES = [
  'project/.mcp.json',
  'home/.claude.json',
  'home/claude_desktop_config.json',
  'project/.cursor/mcp.json',
  'project/.vscode/mcp.json',
  'home/.codex/config.toml',
  'home/.gemini/settings.json',
]

interface Imported {
  readonly client: string
  readonly servers: readonly {
    readonly name: string
    readonly slug: string
    readonly result: string
    readonly connection?: JsonObject
    readonly variables: readonly { readonly name: string }[]
    readonly notes: readonly string[]
    readonly problems: readonly string[]
  }[]
}

async function imported(file: string, config: unknown = { organisation: 'acme' }) {
  const shell = testShell({ config })
  const code = await shell.run('import', join(CLIENTS, file), '--json')
  const { client, servers } = shell.json() as Imported
  const written = readFileSync(shell.configPath, 'utf8')
  return {
    shell,
    code,
    client,
    servers,
    written,
    connection: (slug: string) => servers.find((server) => server.slug === slug)?.connection,
    variables: servers.flatMap(({ variables }) => variables.map(({ name }) => name)),
    left: servers.filter(({ result }) => result !== 'added').map(({ name, problems }) => [name, problems[0]]),
  }
}

const failure = (work: () => unknown): GatewayError | undefined => {
  try {
    work()
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  return undefined
}

function temporary(name: string, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-import-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

describe('import', () => {
  it.each(FILES)('takes %s over into a configuration that the gateway takes, without one secret', async (file) => {
    const { shell, written, variables, servers } = await imported(file)
    expect(readFileSync(join(CLIENTS, file), 'utf8')).toContain(file.includes('.cursor') ? 'canary-query' : 'canary')
    expect(`${shell.out()}${shell.err()}${written}`).not.toContain('canary')
    const env = Object.fromEntries(
      [...written.matchAll(/env(?::|": ")([A-Za-z_]\w*)/g)].map(([, name]) => [name, 'set']),
    )
    for (const name of variables) expect(env, `${name} is named in the file`).toHaveProperty(name)
    const config = await parseConfig(written, {
      path: shell.configPath,
      env,
      readFile: () => Promise.reject(new Error('none')),
    })
    const added = servers.filter(({ result }) => result === 'added').map(({ slug }) => slug)
    expect(Object.keys(config.connections)).toEqual(added)
    expect(added.length).toBeGreaterThan(0)
  })

  it('knows Claude Code: headers, arguments and variables with secrets, defaults, SSE, and itself', async () => {
    const { client, connection, left, variables, code } = await imported('project/.mcp.json')
    expect(client).toBe('claude-code')
    expect(connection('github')).toEqual({
      mcp: {
        url: 'https://api.githubcopilot.com/mcp/',
        transport: 'http',
        headers: { Authorization: { env: 'GITHUB_AUTHORIZATION' }, 'X-Team': 'platform' },
      },
    })
    expect(connection('db')).toEqual({
      mcp: {
        command: 'npx',
        args: ['-y', '@modelcontextprotocol/server-postgres', '${env:DB_ARG_3}'],
        env: { PGSSLMODE: 'require', LICENSE_KEY: { env: 'DB_LICENSE_KEY' }, CACHE: '${env:CACHE_DIR:-/tmp/cache}' },
      },
    })
    expect(connection('legacy')).toMatchObject({ mcp: { transport: 'sse' } })
    expect(variables).toEqual(
      ['GITHUB_AUTHORIZATION', 'DB_LICENSE_KEY', 'DB_ARG_3'].toSorted(
        (one, two) => variables.indexOf(one) - variables.indexOf(two),
      ),
    )
    expect(left).toEqual([['gatehouse', 'it is a Gatehouse itself']])
    expect(code).toBe(1)
  })

  it("knows Claude Code's own file, with the servers of projects", async () => {
    const { connection } = await imported('home/.claude.json')
    expect(connection('notes')).toMatchObject({ mcp: { args: ['--vault', '${env:HOME}/notes'] } })
    expect(connection('shop')).toMatchObject({ mcp: { env: { API_TOKEN: { env: 'SHOP_API_TOKEN' } } } })
  })

  it('knows Claude Desktop, which has no references', async () => {
    const { client, connection } = await imported('home/claude_desktop_config.json')
    expect(client).toBe('claude-desktop')
    expect(connection('brave-search')).toMatchObject({
      title: 'Brave Search',
      mcp: { env: { BRAVE_API_KEY: { env: 'BRAVE_SEARCH_BRAVE_API_KEY' } } },
    })
    expect(connection('literal')).toMatchObject({ mcp: { args: ['$${not} a reference'] } })
  })

  it('knows Cursor: its references, a key in a URL, and what the gateway cannot know', async () => {
    const { client, connection, servers, left } = await imported('project/.cursor/mcp.json')
    expect(client).toBe('cursor')
    expect(connection('linear')).toMatchObject({ mcp: { headers: { Authorization: 'Bearer ${env:LINEAR_TOKEN}' } } })
    expect(connection('local')).toMatchObject({
      mcp: { url: 'http://localhost:3333/mcp?token=${env:LOCAL_TOKEN}', allowPrivateNetwork: true },
    })
    expect(connection('files')).toMatchObject({ mcp: { args: [join(CLIENTS, 'project/docs')], cwd: '${env:HOME}' } })
    expect(servers.find(({ slug }) => slug === 'local')?.notes.join()).toContain('autoApprove')
    expect(servers.find(({ slug }) => slug === 'files')?.notes.join()).toContain('envFile')
    expect(left).toEqual([['odd', 'it refers to "pathSeparator", which only the client knows']])
  })

  it('knows VS Code: comments, commas, inputs', async () => {
    const { client, connection, variables, code } = await imported('project/.vscode/mcp.json')
    expect(client).toBe('vscode')
    expect(connection('perplexity')).toMatchObject({ mcp: { env: { PERPLEXITY_API_KEY: '${env:PERPLEXITY_KEY}' } } })
    expect(variables).toEqual(['PERPLEXITY_KEY', 'REMOTE_X_API_KEY'])
    expect(code).toBe(0)
  })

  it('knows Codex: TOML, names of variables, seconds', async () => {
    const { client, connection, variables } = await imported('home/.codex/config.toml')
    expect(client).toBe('codex')
    expect(connection('figma')).toEqual({
      mcp: {
        url: 'https://mcp.figma.com/mcp',
        headers: {
          'X-Figma-Region': 'us-east-1',
          'X-Api-Key': { env: 'FIGMA_X_API_KEY' },
          'X-Trace': { env: 'TRACE_ID' },
          Authorization: 'Bearer ${env:FIGMA_OAUTH_TOKEN}',
        },
      },
      timeouts: { idle: '45000ms' },
    })
    expect(connection('docs-server')).toEqual({
      title: 'docs server',
      enabled: false,
      mcp: {
        command: 'npx',
        args: ['-y', 'docs-mcp'],
        env: { DOCS_TOKEN: { env: 'DOCS_TOKEN' }, MODE: 'fast', DOCS_PASSWORD: { env: 'DOCS_SERVER_DOCS_PASSWORD' } },
      },
      timeouts: { connect: '20000ms' },
    })
    expect(variables).toContain('FIGMA_OAUTH_TOKEN')
  })

  it('knows Gemini CLI: httpUrl, url for SSE, bare references, milliseconds', async () => {
    const { client, connection } = await imported('home/.gemini/settings.json')
    expect(client).toBe('gemini')
    expect(connection('http')).toMatchObject({
      mcp: { transport: 'http', headers: { Authorization: 'Bearer ${env:GEM_TOKEN}' } },
      timeouts: { idle: '5000ms' },
    })
    expect(connection('events')).toMatchObject({ mcp: { transport: 'sse' } })
    expect(connection('python')).toMatchObject({
      mcp: { env: { KEY: '${env:MY_KEY}', SECRET: { env: 'PYTHON_SECRET' } } },
    })
  })

  it('replaces nothing: an equal connection is there already, another one is a collision', async () => {
    const first = await imported('home/.gemini/settings.json')
    const again = await imported('home/.gemini/settings.json', first.written)
    expect(again.servers.map(({ result }) => result)).toEqual(['present', 'present', 'present'])
    expect(again.written).toBe(first.written)
    const mine = { organisation: 'acme', connections: { http: { mcp: { command: 'mine' } } } }
    const other = await imported('home/.gemini/settings.json', mine)
    expect(other.left).toEqual([['http', 'the configuration has another connection called http: rename one of them']])
    expect(other.code).toBe(1)
    expect((JSON.parse(other.written) as typeof mine).connections.http).toEqual({ mcp: { command: 'mine' } })
  })

  it('writes nothing with --dry-run, and tells people the same', async () => {
    const shell = testShell()
    const before = readFileSync(shell.configPath, 'utf8')
    expect(await shell.run('import', join(CLIENTS, 'project/.vscode/mcp.json'), '--dry-run')).toBe(0)
    expect(readFileSync(shell.configPath, 'utf8')).toBe(before)
    expect(shell.out()).toContain('would add: perplexity')
    expect(shell.out()).toContain('PERPLEXITY_KEY  the input "perplexity-key"')
  })

  it.each([
    ['nothing', '', 'invalid_request'],
    ['no JSON', 'mcpServers: x', 'invalid_request'],
    ['a list', '[]', 'invalid_request'],
    ['no servers', '{"theme":"dark"}', 'invalid_request'],
    ['an endless nesting', '['.repeat(200_000), 'invalid_request'],
    ['an endless comment', `{"mcpServers":{}/*${'*'.repeat(500_000)}`, 'invalid_request'],
    [
      'too many servers',
      JSON.stringify({ mcpServers: Object.fromEntries(Array.from({ length: 201 }, (_, i) => [i, {}])) }),
      'invalid_request',
    ],
    ['33 MB', ' '.repeat(33 * 1_048_576), 'payload_too_large'],
  ])('refuses a file with %s and leaves the configuration alone', async (_name, text, code) => {
    const shell = testShell()
    const before = readFileSync(shell.configPath, 'utf8')
    expect(await shell.run('import', temporary('mcp.json', text), '--json')).not.toBe(0)
    expect(shell.json()).toMatchObject({ error: { code } })
    expect(readFileSync(shell.configPath, 'utf8')).toBe(before)
  })

  it.each<[string, unknown]>([
    ['a number', 7],
    ['nothing to start', { args: ['x'] }],
    ['arguments that are no texts', { command: 'x', args: [1] }],
    ['a URL of a file', { url: 'file:///etc/passwd' }],
    ['a URL with a password', { url: 'https://ann:canary@a.test/mcp' }],
    ['a URL of which nobody knows the host', { url: '${HOST}/mcp' }],
  ])('tells why a server is left out: %s', async (_name, entry) => {
    const shell = testShell()
    const path = temporary('mcp.json', JSON.stringify({ mcpServers: { bad: entry, good: { command: 'x' } } }))
    expect(await shell.run('import', path, '--json')).toBe(1)
    expect(shell.json()).toMatchObject({ servers: [{ result: 'unsupported' }, { result: 'added' }] })
    expect(shell.out()).not.toContain('canary')
  })

  it('names that meet after they were made names of connections are told', () => {
    const text = JSON.stringify({
      mcpServers: { 'A b': { command: 'x' }, 'a-b': { command: 'y' }, 'a B': { command: 'y' } },
    })
    const { servers } = readServers({ path: '/x/mcp.json', text })
    expect(servers.map(({ problems }) => problems.length)).toEqual([0, 1, 1])
    fc.assert(
      fc.property(
        fc.string(),
        (name) => /^[a-z0-9][a-z0-9_-]{0,31}$/.test(toSlug(name)) && toSlug(name) !== 'gatehouse',
      ),
    )
  })

  it('keeps the rest of the configuration as its author wrote it', () => {
    const added = [['x', { mcp: { command: 'y' } }]] as const
    for (const text of [
      '{}',
      '{ "a":  1 }',
      '{"connections":{}}',
      '{\n\t"connections": { "b": {"c":[]} }, "d": "e" }',
    ]) {
      const before = JSON.parse(text) as JsonObject
      const after = JSON.parse(withConnections(text, 'f', added)) as JsonObject
      const own = isJsonObject(before['connections']) ? before['connections'] : {}
      expect(after).toEqual({ ...before, connections: { ...own, x: { mcp: { command: 'y' } } } })
    }
  })
})

describe('what files are written in', () => {
  it('is JSON with comments: any JSON comes back as it was', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value, undefined, 1).replaceAll('\n', ' // " */ ,}\n')
        expect(JSON.stringify(parseJsonc(text, 'f'))).toBe(JSON.stringify(value))
      }),
    )
  })

  it('may be anything at all: a refusal is a GatewayError that shows nothing of it', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (noise) => {
        for (const parse of [parseToml, parseJsonc]) {
          const error = failure(() => parse(`canary ${noise}`, 'f'))
          expect(error?.message ?? '').not.toContain('canary')
        }
      }),
    )
  })

  it.each([
    ['a = 1\na = 2', 'a key stands twice'],
    ['a = ', 'a value is missing'],
    ['a = "x', 'a value is missing'],
    ['[a', '"]" is missing'],
    ['a = [1 2]', 'an array has no end'],
    [`a = ${'['.repeat(50_000)}`, 'nested too deep'],
    [`${'a.'.repeat(1_000)}b = 1`, 'nested too deep'],
    ['a = 1\n[a]', 'a value is used as a table'],
    ['a = "\\x"', 'a text has a bad escape'],
  ])('is no TOML: %j', (text, why) => {
    expect(failure(() => parseToml(text, 'f'))?.message).toContain(why)
  })

  it('is TOML', () => {
    const text = `a.b = 0x10\n"c d" = 'lit\\eral' # x\ne = [[1, 2,], {f = true}]\n[__proto__]\nx = '''\ny'''\n`
    expect(JSON.parse(JSON.stringify(parseToml(text, 'f')))).toEqual(
      JSON.parse('{"a":{"b":16},"c d":"lit\\\\eral","e":[[1,2],{"f":true}],"__proto__":{"x":"y"}}'),
    )
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })
})
