import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { parse, problemsOf, withMembers } from './parse.ts'

describe('a configuration', () => {
  it('needs no more than an organisation, and then allows nothing', async () => {
    const config = await parse('\uFEFF{ "organisation": "acme" }')
    expect(config).toMatchObject({
      organisation: 'acme',
      server: { host: '127.0.0.1', port: 8787, maxBodyBytes: 4_194_304, maxDepth: 64, allowedHosts: [] },
      store: { path: '/house/.gatehouse' },
      log: { level: 'info' },
      agents: {},
      connections: {},
      policy: { rules: [] },
    })
    expect(config.identity).toEqual({})
  })

  it('fills in defaults, absolute folders and milliseconds', async () => {
    const config = await parse(
      withMembers({
        store: { path: '../state' },
        agents: { sidekick: {} },
        connections: {
          local: { mcp: { command: 'node', cwd: 'servers' }, timeouts: { idle: '2m' } },
          remote: { mcp: { url: 'https://mcp.example.com/mcp?v=1' } },
        },
      }),
    )
    expect(config.store.path).toBe('/state')
    expect(config.agents['sidekick']).toEqual({
      groups: [],
      toolNames: 'portable',
      toolMode: 'auto',
      pinned: [],
      schemas: 'full',
      enabled: true,
    })
    expect(config.connections['local']).toEqual({
      enabled: true,
      tools: {},
      mcp: { command: 'node', args: [], env: {}, cwd: '/house/servers' },
      trustAnnotations: false,
      timeouts: { connect: 30_000, idle: 120_000, total: 600_000 },
    })
    expect(config.connections['remote']).toMatchObject({
      mcp: { url: 'https://mcp.example.com/mcp?v=1', transport: 'auto', headers: {}, allowPrivateNetwork: false },
    })
  })

  it('lists every problem at once, in the order of the file', async () => {
    const text = `{
  "organisation": "acme",
  "serverr": {},
  "log": { "level": "inof" },
  "connections": {
    "files": { "mcp": { "command": "node", "argz": [] } },
    "hub": { "provider": "forge", "auth": { "method": "token", "token": { "env": "NOPE" } } }
  },
  "server": { "port": "80" },
  "identity": { "jwt": { "issuer": "http://idp.example.com", "algorithms": ["HS256"] } }
}`
    expect(await problemsOf(text)).toEqual([
      '3:3  /serverr  "serverr" is not known here; did you mean "server"?',
      '4:12  /log/level  must be one of "fatal", "error", "warn", "info", "debug", "trace", "silent"; did you mean "info"?',
      '6:44  /connections/files/mcp/argz  "argz" is not known here; did you mean "args"?',
      '7:64  /connections/hub/auth/token  the environment variable NOPE is not set, or empty. Set it before starting the gateway',
      '9:15  /server/port  must be a number, without quotes',
      '10:17  /identity/jwt/jwksUrl  is missing: a text is needed',
      '10:26  /identity/jwt/issuer  Use https; http is for loopback only.',
      expect.stringContaining('10:77  /identity/jwt/algorithms/0  must be one of "RS256"'),
    ])
  })

  it('gives the same problems to programs', async () => {
    const refusal = await parse('{"organisation": "acme",\n"polcy": {}}').catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(GatewayError)
    expect((refusal as GatewayError).data).toEqual({
      problems: [
        {
          file: '/house/gateway.config.json',
          pointer: '/polcy',
          detail: '"polcy" is not known here; did you mean "policy"?',
          line: 2,
          column: 1,
        },
      ],
    })
  })

  it('says which kind of connection it misses, and knows the one that was meant', async () => {
    const either = 'Give either "mcp" (a downstream MCP server) or "provider" (a service), not both.'
    const server = 'Give either "command" (a program to start) or "url" (a server elsewhere), not both.'
    expect(
      await problemsOf(
        `{"organisation": "acme", "connections": {
"a": {},
"b": {"mcp": {}},
"c": {"mcp": {"command": "x", "url": "https://y"}},
"d": {"mcp": {"commnd": "x"}},
"e": {"provider": "forge", "timeouts": {}},
"f": {"mcp": {"url": "https://y"}, "timeouts": {"idle": "soon"}}
}}`,
      ),
    ).toEqual([
      `2:1  /connections/a  ${either}`,
      `3:7  /connections/b/mcp  ${server}`,
      `4:7  /connections/c/mcp  ${server}`,
      `5:7  /connections/d/mcp  ${server}`,
      '5:15  /connections/d/mcp/commnd  "commnd" is not known here; did you mean "command"?',
      expect.stringMatching(/^6:28 {2}\/connections\/e\/timeouts {2}"timeouts" is not known here/),
      '7:49  /connections/f/timeouts/idle  Write a duration such as 500ms, 30s or 10m.',
    ])
  })

  it.each([
    ['connections', 'Files'],
    ['connections', '_files'],
    ['connections', 'gatehouse'],
    ['connections', 'expiring'],
    ['connections', 'a'.repeat(33)],
    ['agents', 'Side Kick'],
    ['agents', 'admin'],
    ['agents', 'gatehouse'],
    ['agents', 'a'.repeat(65)],
  ])('refuses the name %s/%s', async (section, name) => {
    const member = section === 'agents' ? {} : { mcp: { command: 'x' } }
    const [problem, ...others] = await problemsOf(withMembers({ [section]: { [name]: member } }))
    expect(problem).toContain(`/${section}/${name}  The `)
    expect(others).toEqual([])
  })

  it('refuses connections whose tools would have the same names', async () => {
    const mcp = { command: 'x' }
    expect(await problemsOf(withMembers({ connections: { 'a-b': { mcp }, a_b: { mcp } } }))).toEqual([
      expect.stringContaining('/connections/a_b  its tools would have the same names as those of "a-b"'),
    ])
  })

  it.each([
    'mcp.example.com',
    'ftp://mcp.example.com',
    'https:/mcp.example.com',
    'https://user:word@mcp.example.com',
    'https://mcp.example.com/#part',
    'file:///etc/passwd',
  ])('refuses %s as the address of a server', async (url) => {
    expect(await problemsOf(withMembers({ connections: { a: { mcp: { url } } } }))).toHaveLength(1)
  })

  it('takes the policy strictly too', async () => {
    expect(
      await problemsOf(withMembers({ policy: { rules: [{ id: 'a', effect: 'alow', tools: { nmes: ['x'] } }] } })),
    ).toEqual(
      expect.arrayContaining([
        expect.stringContaining(
          '/policy/rules/0/effect  must be one of "allow", "deny", "require"; did you mean "allow"?',
        ),
        expect.stringContaining('/policy/rules/0/tools/nmes  "nmes" is not known here; did you mean "names"?'),
      ]),
    )
  })
})

describe('a gateway with a loopback agent', () => {
  const config = (server: object, loopbackAgent = 'sidekick') =>
    withMembers({ server, agents: { sidekick: {} }, identity: { loopbackAgent } })

  it('accepts every spelling of loopback', async () => {
    for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1']) {
      expect((await parse(config({ host }))).server.host).toBe(host)
    }
    expect((await parse(config({ publicUrl: 'http://localhost:9000' }))).identity.loopbackAgent).toBe('sidekick')
  })

  it.each([
    [{ host: '0.0.0.0' }, '/server/host  "0.0.0.0" is open to the network'],
    [{ host: '::' }, '/server/host  "::" is open to the network'],
    [{ host: '127.0.0.1.example.com' }, '/server/host'],
    [{ publicUrl: 'https://gw.example.com' }, "/server/publicUrl  a proxy's calls look local"],
    [{ allowedHosts: ['localhost', 'gw.example.com:8443'] }, "/server/allowedHosts/1  a proxy's calls look local"],
  ])('refuses %j and says what to do', async (server, problem) => {
    const [first, ...others] = await problemsOf(config(server))
    expect(first).toContain(problem)
    expect(first).toContain('Remove "loopbackAgent" and give agents keys (gatehouse agent add <id>)')
    expect(others).toEqual([])
  })

  it('must have declared that agent', async () => {
    expect(await problemsOf(config({}, 'sidekik'))).toEqual([
      expect.stringContaining(
        '/identity/loopbackAgent  there is no agent "sidekik" in "agents"; did you mean "sidekick"?',
      ),
    ])
  })
})
