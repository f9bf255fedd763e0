import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { discoverMcpServer, discoveryRequestSchema } from '../../../src/admin/discover.ts'
import { checkCommand } from '../../../src/admin/discover-commands.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { McpDiscovery, McpTarget } from '../../../src/kernel/mcp-discovery.ts'
import type { Role } from '../../../src/kernel/principal.ts'
import { adminWorld } from '../../helpers/admin-world.ts'

const ANSWER: McpDiscovery = { connected: true, tools: [], toolCount: 0, problems: [], auth: { kind: 'enough' } }
const signal = new AbortController().signal
const ALLOWED = ['npx -y @modelcontextprotocol/server-memory', 'mcp-files']

async function looking(request: unknown, roles: readonly Role[] = ['admin']) {
  const { deps, records } = await adminWorld()
  const targets: McpTarget[] = []
  const discovery = {
    discover: (target: McpTarget) => Promise.resolve((targets.push(target), ANSWER)),
    allowedCommands: () => ALLOWED,
  }
  const caller = {
    id: 'person:ann',
    organisation: 'acme',
    agent: '',
    groups: [],
    claims: {},
    credential: 'person' as const,
    roles,
  }
  const parsed = discoveryRequestSchema.parse(request)
  const error = await discoverMcpServer({ ...deps, discovery }, caller, parsed, signal).then(
    () => undefined,
    (caught: unknown) => (caught instanceof GatewayError ? caught.code : caught),
  )
  return { error, targets, records }
}

describe('looking at an MCP server as an admin', () => {
  it('reaches the server with the credential, which stands in no record', async () => {
    const { targets, records, error } = await looking({
      url: 'https://mcp.test/mcp?key=c4nary',
      auth: { method: 'bearer', fields: { token: 'c4nary' } },
    })
    expect(error).toBeUndefined()
    expect(targets).toMatchObject([{ transport: { kind: 'http', fallbackToSse: true, allowPrivateNetwork: false } }])
    expect(targets[0]?.lease?.fields['token']?.reveal()).toBe('c4nary')
    expect(records.map(({ type, phase }) => [type, phase])).toEqual([
      ['mcp.discovered', 'intent'],
      ['mcp.discovered', 'outcome'],
    ])
    expect(JSON.stringify(records)).not.toContain('c4nary')
  })

  it.each<readonly Role[]>([[], ['viewer'], ['auditor'], ['approver']])('is for admins alone: %s', async (...roles) => {
    const { error, targets } = await looking({ url: 'https://mcp.test/mcp' }, roles)
    expect(error).toBe('forbidden')
    expect(targets).toEqual([])
  })

  it('starts what the configuration allows', async () => {
    const memory = {
      command: 'npx',
      args: ['-y', '@modelcontextprotocol/server-memory', '--fast'],
      env: { TOKEN: 't' },
    }
    expect(await looking(memory)).toMatchObject({
      error: undefined,
      targets: [{ transport: { kind: 'stdio', command: 'npx' } }],
    })
  })

  it.each([
    { command: 'npx', args: ['-y', 'evil'] },
    { command: 'npx', args: [] },
    { command: 'npx -y @modelcontextprotocol/server-memory' },
    { command: 'sh', args: ['-c', 'mcp-files'] },
    { command: './mcp-files' },
    { command: 'mcp-files', env: { LD_PRELOAD: '/tmp/x.so' } },
    { command: 'mcp-files', env: { NODE_OPTIONS: '--require /tmp/x' } },
    { command: 'mcp-files', env: { path: '/tmp' } },
  ])('starts nothing else: %j', async (request) => {
    const { error, targets } = await looking(request)
    expect(error).toBe('forbidden')
    expect(targets).toEqual([])
  })

  it.each([
    {},
    { url: 'file:///etc/passwd' },
    { url: 'https://a.test', command: 'x' },
    { url: 'https://a.test', headers: {} },
  ])('refuses what is no request: %j', (request) => {
    expect(discoveryRequestSchema.safeParse(request).success).toBe(false)
  })

  it('allows nothing where nothing is allowed', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), fc.constantFrom([], [''], ['  ']), (command, args, allowed) => {
        expect(() => checkCommand({ command, args, env: [] }, allowed)).toThrow(GatewayError)
      }),
    )
  })
})
