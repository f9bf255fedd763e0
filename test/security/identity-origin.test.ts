import { describe, expect, it } from 'vitest'
import { checkHost, checkOrigin, defaultHosts, defaultOrigins } from '../../src/identity/origin.ts'

const address = { host: '127.0.0.1', port: 8787 }
const hosts = defaultHosts(address)
const origins = defaultOrigins(address)

describe('a name that was rebound to our address', () => {
  it.each([
    undefined,
    '',
    'evil.test',
    'evil.test:8787',
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'evil.test.localhost',
    'a.localhost',
    'localhost..',
    '.localhost',
    'localhost:8787:80',
    'localhost:',
    'localhost:99999',
    'localhost:8787@evil.test',
    'evil.test@localhost',
    'localhost/evil.test',
    'localhost\\evil.test',
    'localhost,evil.test',
    'localhost evil.test',
    ' localhost',
    'localhost\u0000.evil.test',
    'localhost%00.evil.test',
    'ⓛocalhost',
    '1２7.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0.0.0.0',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::1',
    '::1',
    '[::1]evil.test',
    '[::1%lo]',
    `${'a'.repeat(100_000)}.localhost`,
  ])('gets no answer as Host %j', (host) => {
    expect(() => checkHost(host, hosts)).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })
})

describe('a web page of somebody else', () => {
  it.each([
    'null',
    'NULL',
    '',
    'http://evil.test',
    'http://localhost:3000',
    'http://localhost',
    'https://localhost:8787',
    'http://localhost.:8788',
    'http://localhost.evil.test:8787',
    'http://127.0.0.1.evil.test:8787',
    'http://localhost:8787.evil.test',
    'http://localhost:8787/',
    'http://localhost:8787/path',
    'http://localhost:8787@evil.test',
    'http://evil.test#http://localhost:8787',
    'http://localhost:8787, http://evil.test',
    'http://localhost:8787 http://evil.test',
    'localhost:8787',
    '//localhost:8787',
    'file://',
    'data:text/html,x',
    '*',
    `http://${'a'.repeat(100_000)}:8787`,
  ])('may not call as Origin %j', (origin) => {
    expect(() => checkOrigin(origin, origins)).toThrow(expect.objectContaining({ code: 'forbidden' }))
  })

  it('is not let in by an entry that is no origin', () => {
    for (const origin of ['null', '', '*', 'evil'])
      expect(() => checkOrigin(origin, ['null', '', '*', 'evil'])).toThrow()
  })
})
