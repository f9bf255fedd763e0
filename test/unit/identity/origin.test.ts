import { describe, expect, it } from 'vitest'
import { checkHost, checkOrigin, defaultHosts, defaultOrigins } from '../../../src/identity/origin.ts'

const local = { host: '127.0.0.1', port: 8787 }
const proxied = { host: '0.0.0.0', port: 8787, publicUrl: 'https://GW.example.com' }

describe('the hosts that a gateway answers to', () => {
  it.each(['localhost:8787', 'LOCALHOST', 'localhost.', '127.0.0.1:9000', '[::1]:8787', '[0:0:0:0:0:0:0:1]'])(
    'on loopback include %s',
    (host) => expect(checkHost(host, defaultHosts(local))).toBeUndefined(),
  )

  it('follow publicUrl and what is configured', () => {
    const allowed = [...defaultHosts(proxied), 'gw.internal:8443']
    for (const host of ['gw.example.com', 'gw.example.com:443', 'Gw.Internal:8443', 'localhost']) {
      expect(checkHost(host, allowed)).toBeUndefined()
    }
    for (const host of ['gw.internal', 'gw.internal:8444', '0.0.0.0:8787', '10.0.0.5:8787']) {
      expect(() => checkHost(host, allowed), host).toThrow('server.allowedHosts')
    }
    expect(defaultHosts({ host: 'fd00::5', port: 1 })).toEqual(['[fd00::5]'])
  })
})

describe('the web pages that may call', () => {
  it('are our own, and callers that are no web pages', () => {
    for (const origin of [
      undefined,
      'http://localhost:8787',
      'http://127.0.0.1:8787',
      'http://[::1]:8787',
      'HTTP://LOCALHOST:8787',
    ]) {
      expect(checkOrigin(origin, defaultOrigins(local))).toBeUndefined()
    }
    expect(checkOrigin('https://gw.example.com', defaultOrigins(proxied))).toBeUndefined()
    expect(checkOrigin('https://gw.example.com:443', defaultOrigins(proxied))).toBeUndefined()
  })

  it('are those that are configured, other schemes too', () => {
    const allowed = ['https://app.example.com', 'vscode-webview://abc123']
    for (const origin of allowed) expect(checkOrigin(origin, allowed)).toBeUndefined()
    expect(() => checkOrigin('http://app.example.com', allowed)).toThrow('server.allowedOrigins')
  })
})
