import { describe, expect, it } from 'vitest'
import { changedAtStart } from '../../../src/config/changed-sections.ts'
import { checkReferences } from '../../../src/config/check-references.ts'
import { declaredAgents } from '../../../src/config/declared-agents.ts'
import { readEnvironment } from '../../../src/config/env.ts'
import { withOverrides } from '../../../src/config/overrides.ts'
import { resourceUrl, serverUrl } from '../../../src/config/server-urls.ts'
import { parse, withMembers } from './parse.ts'

describe('the settings in force', () => {
  it('are flags, then environment, then file', async () => {
    const config = await parse(withMembers({ log: { level: 'warn' }, server: { port: 1 } }))
    expect(withOverrides(config, {}, { logLevel: undefined })).toMatchObject({
      log: { level: 'warn' },
      server: { port: 1 },
    })
    expect(withOverrides(config, { port: 2 }, { logLevel: 'debug' })).toMatchObject({
      log: { level: 'debug' },
      server: { port: 2 },
    })
    expect(withOverrides(config, { logLevel: 'error' }, { logLevel: 'debug' }).log.level).toBe('error')
  })

  it('are refused when a flag opens a loopback agent to the network, or names no level', async () => {
    const config = await parse(withMembers({ agents: { a: {} }, identity: { loopbackAgent: 'a' } }))
    const none = { logLevel: undefined }
    expect(() => withOverrides(config, { host: '0.0.0.0' }, none)).toThrow(/"0\.0\.0\.0" is open to the network/)
    expect(() => withOverrides(config, { logLevel: 'inof' }, none)).toThrow(
      '"inof" is no log level; did you mean "info"?',
    )
  })

  it('read only what the environment really says', () => {
    const environment = readEnvironment({ GATEHOUSE_KEY: 'gh_x', LOG_LEVEL: '', NO_COLOR: '1', OTHER: 'x' })
    expect(environment).toMatchObject({ logLevel: undefined, noColor: true, agent: undefined })
    expect(environment.key?.reveal()).toBe('gh_x')
  })
})

describe('what a configuration speaks of', () => {
  it('must be a provider that exists', async () => {
    const config = await parse(
      '{"organisation": "acme", "connections": {\n"hub": {"provider": "gihtub"}, "x": {"mcp": {"command": "y"}}}}',
    )
    expect(() => checkReferences(config, { providers: ['github', 'forge'] })).toThrow(
      '/house/gateway.config.json:2:9  /connections/hub/provider  there is no provider "gihtub"; did you mean "github"?',
    )
    expect(() => checkReferences(config, { providers: ['forge'] })).toThrow('. Known: forge')
    expect(checkReferences(config, { providers: ['gihtub'] })).toBeUndefined()
  })

  it('must be a connection that exists, in a toolset', async () => {
    const toolset = (connection: string) =>
      withMembers({ toolsets: { fleet: { tools: { connections: [connection] } } } })
    const known = { providers: [] }
    const wrong = await parse(toolset('gatehuose'))
    expect(() => checkReferences(wrong, known)).toThrow(
      '/toolsets/fleet/tools/connections/0  there is no connection "gatehuose"; did you mean "gatehouse"?',
    )
    for (const connection of ['gatehouse', 'any*']) {
      expect(checkReferences(await parse(toolset(connection)), known)).toBeUndefined()
    }
  })

  it('becomes agents that know they were declared', async () => {
    const config = await parse(
      withMembers({ agents: { a: { title: 'A', groups: ['g'] }, constructor: { enabled: false } } }),
    )
    const usual = { toolNames: 'portable', toolMode: 'auto', pinned: [], schemas: 'full', origin: 'declared' }
    expect([...declaredAgents(config).values()]).toEqual([
      { ...usual, id: 'a', title: 'A', groups: ['g'], enabled: true },
      { ...usual, id: 'constructor', groups: [], enabled: false },
    ])
  })

  it.each([
    [{}, 'http://127.0.0.1:8787/mcp'],
    [{ host: '0.0.0.0', port: 9 }, 'http://localhost:9/mcp'],
    [{ host: '::1' }, 'http://[::1]:8787/mcp'],
    [{ publicUrl: 'https://GW.example.com/' }, 'https://gw.example.com/mcp'],
    [{ publicUrl: 'https://example.com/gw/' }, 'https://example.com/gw/mcp'],
  ])('makes %j the resource %s', async (server, url) => {
    const config = await parse(withMembers({ server }))
    expect(resourceUrl(config.server).href).toBe(url)
    expect(`${serverUrl(config.server)}/mcp`).toBe(url)
  })

  it('says which changed sections wait for a restart', async () => {
    const before = await parse(withMembers({}))
    const after = await parse(withMembers({ server: { port: 1 }, agents: { a: {} } }))
    expect(changedAtStart(before, before)).toEqual([])
    expect(changedAtStart(before, after)).toEqual(['server'])
  })
})
