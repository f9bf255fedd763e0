import { describe, expect, it, onTestFinished } from 'vitest'
import { discoverMcp } from '../../../src/sources/mcp-discover.ts'
import { answering } from '../../fakes/downstream/http-servers.ts'
import { guardedServer } from '../../fakes/downstream/guarded-server.ts'
import { fakeAuthorizationServer } from '../../fakes/mcp-authorization-server.ts'
import { leaseOf } from './mcp-auth-credentials.ts'
import { bin, http, mcpDeps } from './mcp-fixture.ts'

const signal = new AbortController().signal

async function guarded(era: 'legacy' | 'modern' = 'modern') {
  const server = await guardedServer(era)
  onTestFinished(() => server.close())
  return server
}

describe('looking at an MCP server', () => {
  it.each(['legacy', 'modern'] as const)('tells what a %s one is and offers', async (era) => {
    const { url } = await guarded(era)
    expect(await discoverMcp({ transport: http(url) }, mcpDeps(), signal)).toMatchObject({
      connected: true,
      server: { name: 'guarded', version: '1.2.3', era },
      capabilities: { tools: {} },
      tools: [
        { name: 'whoami', effect: 'unclassified', external: false, annotations: { readOnlyHint: true } },
        { name: 'wipe', description: 'Wipes.', effect: 'destructive' },
      ],
      toolCount: 2,
      auth: { kind: 'enough' },
    })
  })

  it('starts a process, asks it and ends it', async () => {
    const transport = { kind: 'stdio' as const, command: bin('mcp-server-everything'), args: ['stdio'], env: {} }
    const { connected, tools } = await discoverMcp({ transport }, mcpDeps(), signal)
    expect(connected).toBe(true)
    expect(tools.map(({ name }) => name)).toContain('echo')
  })

  it('tells who grants access and how the gateway becomes a client there', async () => {
    const server = await guarded()
    const issuer = await fakeAuthorizationServer()
    onTestFinished(() => issuer.close())
    server.judge = () => ({ status: 401, challenge: 'Bearer scope="read write"' })
    server.elsewhere = (path, response) =>
      path.endsWith('/mcp')
        ? void response.end(JSON.stringify({ resource: server.url.href, authorization_servers: [issuer.issuer] }))
        : void response.writeHead(404).end()
    expect(await discoverMcp({ transport: http(server.url) }, mcpDeps(), signal)).toMatchObject({
      connected: false,
      tools: [],
      auth: { kind: 'oauth', issuer: issuer.issuer, scopes: ['read', 'write'], registration: 'dynamic' },
    })
  })

  it('tells that a key is wanted where nobody grants access, and uses one', async () => {
    const server = await guarded()
    server.judge = (authorization) => (authorization === 'Bearer k3y' ? undefined : { status: 401 })
    const look = (token: string) =>
      discoverMcp({ transport: http(server.url), lease: leaseOf('bearer', { token }) }, mcpDeps(), signal)
    expect(await look('wr0ng')).toMatchObject({ connected: false, auth: { kind: 'key' } })
    expect(await look('k3y')).toMatchObject({ connected: true, toolCount: 2 })
  })

  it('tells that a key is wanted where every address shows a page for people', async () => {
    const server = await guarded()
    server.judge = () => ({ status: 401 })
    server.elsewhere = (_path, response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>')
    expect((await discoverMcp({ transport: http(server.url) }, mcpDeps(), signal)).auth).toEqual({ kind: 'key' })
  })

  it('does not reach into a private network unless that is allowed', async () => {
    const server = await guarded()
    const transport = http(server.url, { allowPrivateNetwork: false })
    await expect(discoverMcp({ transport }, mcpDeps(), signal)).rejects.toMatchObject({ code: 'egress_blocked' })
    expect(server.seen).toEqual([])
  })

  it('says what is wrong with what is no MCP server', async () => {
    const { url, close } = await answering((_request, response) => void response.writeHead(404).end('nothing here'))
    onTestFinished(close)
    await expect(discoverMcp({ transport: http(url) }, mcpDeps(), signal)).rejects.toMatchObject({
      code: 'upstream_refused',
    })
  })
})
