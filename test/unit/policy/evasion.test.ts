import { describe, expect, it } from 'vitest'
import { isAddressAt, isUrlOn } from '../../../src/policy/address.ts'
import { compilePattern, problemOfPattern } from '../../../src/policy/pattern.ts'
import { cases } from './office.ts'

describe('email addresses at corp.com', () => {
  const verdict = (text: string) => isAddressAt(text, ['corp.com'])

  it.each(['bob@corp.com', 'BOB@CORP.COM', 'bob.smith+tag@corp.com', "o'brien@corp.com", 'b_s-x=y@corp.com'])(
    'has %s',
    (text) => {
      expect(verdict(text)).toBe('yes')
    },
  )

  it.each(['eve@evil.test', 'bob@corp.com.evil.test', 'bob@xcorp.com', 'bob@sub.corp.com', 'bob@corp.co'])(
    'does not have %s',
    (text) => {
      expect(verdict(text)).toBe('no')
    },
  )

  const unclear = [
    '',
    'bob',
    '@corp.com',
    'bob@',
    'bob@@corp.com',
    'eve@evil.test@corp.com',
    'bob@corp.com, eve@evil.test',
    'bob@corp.com;eve@evil.test',
    'bob@corp.com eve@evil.test',
    '"bob@corp.com" <eve@evil.test>',
    'Bob <bob@corp.com>',
    '<bob@corp.com>',
    'bob@corp.com\r\nBcc: eve@evil.test',
    'bob@corp.com\n',
    ' bob@corp.com',
    'bob@corp.com\u0000',
    'bob@corp.com.',
    'bob@.corp.com',
    'bob..smith@corp.com',
    '.bob@corp.com',
    'bob.@corp.com',
    '-oQ/tmp@corp.com',
    'eve%evil.test@corp.com',
    'evil.test!eve@corp.com',
    '"eve@evil.test"@corp.com',
    'eve@evil.test(@corp.com',
    'bob@corp.com(comment)',
    'bob@[127.0.0.1]',
    'bob@corp\uff0ecom',
    'bob@c\u043erp.com',
    'b\u200bob@corp.com',
    '=?utf-8?q?eve=40evil.test?=@corp.com',
    'mailto:bob@corp.com',
    `${'a'.repeat(65)}@corp.com`,
    `bob@${'a.'.repeat(200)}corp.com`,
  ]
  it.each(cases(unclear))('cannot be told of %s', (_, text) => {
    expect(verdict(text)).toBe('unsure')
  })

  it('takes subdomains only when it is asked for them', () => {
    expect(isAddressAt('bob@mail.corp.com', ['*.corp.com'])).toBe('yes')
    expect(isAddressAt('bob@m.corp.com', ['*.corp.com'])).toBe('yes')
    expect(isAddressAt('bob@corp.com', ['*.corp.com'])).toBe('no')
    expect(isAddressAt('bob@evilcorp.com', ['*.corp.com'])).toBe('no')
  })
})

describe('URLs on api.corp.com', () => {
  const verdict = (text: string) => isUrlOn(text, ['api.corp.com'])

  it.each([
    'https://api.corp.com',
    'https://api.corp.com/',
    'HTTPS://API.CORP.COM/v1?x=@y#z',
    'http://api.corp.com:80/x',
    'https://api.corp.com:443/x',
  ])('has %s', (text) => {
    expect(verdict(text)).toBe('yes')
  })

  it.each([
    'https://evil.test/',
    'https://api.corp.com.evil.test/',
    'https://evil.test/api.corp.com',
    'https://evil.test/?https://api.corp.com',
    'https://evil.test#@api.corp.com',
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://[::1]/',
  ])('does not have %s', (text) => {
    expect(verdict(text)).toBe('no')
  })

  const unclear = [
    '',
    'api.corp.com',
    '//api.corp.com/',
    'https:api.corp.com',
    'https:/api.corp.com',
    'https:///api.corp.com/',
    'https://api.corp.com@evil.test/',
    'https://evil.test@api.corp.com/',
    'https://user:pw@api.corp.com/',
    'https://api.corp.com\\@evil.test/',
    'https://evil.test\\.api.corp.com/',
    'https://api.corp.com%2eevil.test/',
    'https://api.corp.com%00.evil.test/',
    'https://api.corp.com./',
    'https://api.corp.com:8443/',
    'https://api.corp\u3002com/',
    'https://\u24d0pi.corp.com/',
    ' https://api.corp.com/',
    'https://api.corp.com/\n',
    'https://api.corp.com/\t',
    'ht\ntps://api.corp.com/',
    'https://evil.test\n.api.corp.com/',
    'ftp://api.corp.com/',
    'file://api.corp.com/etc/passwd',
    'javascript:alert(1)//api.corp.com',
    'data:text/html,api.corp.com',
    'https://api.corp.com:99999/',
    `https://api.corp.com/${'a'.repeat(9_000)}`,
  ]
  it.each(cases(unclear))('cannot be told of %s', (_, text) => {
    expect(verdict(text)).toBe('unsure')
  })

  it('takes ports, subdomains and addresses as they are named', () => {
    expect(isUrlOn('http://localhost:8080/', ['localhost:8080'])).toBe('yes')
    expect(isUrlOn('http://localhost:8081/', ['localhost:8080'])).toBe('unsure')
    expect(isUrlOn('https://corp.com/', ['corp.com:443'])).toBe('yes')
    expect(isUrlOn('http://corp.com/', ['corp.com:443'])).toBe('unsure')
    expect(isUrlOn('https://corp.com:8443/', ['corp.com:443'])).toBe('unsure')
    expect(isUrlOn('https://.corp.com/', ['*.corp.com'])).not.toBe('yes')
    expect(isUrlOn('https://a.b.corp.com/', ['*.corp.com'])).toBe('yes')
    expect(isUrlOn('https://corp.com/', ['*.corp.com'])).toBe('no')
    expect(isUrlOn('http://[0:0::1]:80/', ['[::1]'])).toBe('yes')
  })
})

describe('patterns', () => {
  it('match the whole text', () => {
    const matches = compilePattern('OPS-[1-9][0-9]{0,6}')
    expect(matches('OPS-12')).toBe('match')
    for (const text of ['OPS-12\n', '\nOPS-12', 'xOPS-12', 'OPS-12x', 'OPS-0', 'OPS-\u0661']) {
      expect(matches(text)).toBe('no_match')
    }
  })

  it('match the whole text also when an alternative stands alone or a line ends', () => {
    expect(compilePattern('a|ab')('ab')).toBe('match')
    expect(compilePattern('^a$|b')('a\nb')).toBe('no_match')
    expect(compilePattern('(?m)^a$')('a\nevil')).toBe('no_match')
  })

  it.each(['(a+)+$', '(a|aa)+$', '(.*)*x', '([a-z]+)*[0-9]'])('stay linear: %s', (pattern) => {
    const matches = compilePattern(pattern)
    const start = performance.now()
    expect(matches(`${'a'.repeat(9_999)}!`)).toBe('no_match')
    expect(performance.now() - start).toBeLessThan(1_000)
  })

  it('do not look at a text that is too long', () => {
    expect(compilePattern('a*')('a'.repeat(10_001))).toBe('too_long')
  })

  it.each(['(?=a)', '(?!a)', '(a)\\1', '(a', '[z-a]', 'a{2,1}', '(?:a{1,1000}){1,1000}', 'a{1000}'.repeat(20)])(
    'are refused with a reason: %s',
    (pattern) => {
      expect(problemOfPattern(pattern)).toMatch(/^The pattern /)
    },
  )
})
