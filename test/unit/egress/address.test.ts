import { describe, expect, it } from 'vitest'
import { addressKind, isAllowed } from '../../../src/egress/address.ts'

describe('an address', () => {
  it.each(['93.184.216.34', '8.8.8.8', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:93.184.216.34'])(
    '%s is public',
    (literal) => expect(addressKind(literal)).toBe('public'),
  )

  it.each([
    '127.0.0.1',
    '127.255.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd12::1',
    '::ffff:10.0.0.1',
    '100.127.255.254',
    'fdff::1',
  ])('%s is private', (literal) => expect(addressKind(literal)).toBe('private'))

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '100.100.100.200',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '::',
    '::127.0.0.1',
    '::ffff:169.254.169.254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    'fd00:ec2::254',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2001:0:53aa:64c:0:0:0:1',
    '2001:db8::1',
    '168.63.129.16',
    '::ffff:168.63.129.16',
    'fd20:ce::254',
    '::ffff:100.100.100.200',
    '169.254.170.2',
    '192.0.0.1',
    '192.88.99.1',
    '198.51.100.1',
    '203.0.113.7',
    '239.255.255.250',
    '::7f00:1',
    '::ffff:0:7f00:1',
    '64:ff9b::a9fe:a9fe',
    '2002:a00:1::',
    '100::1',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '3fff::1',
    '5f00::1',
    'febf::1',
    'feff::1',
    'ff0e::1',
    'fe80::1%eth0',
    'not an address',
    '',
  ])('%s is never reached', (literal) => expect(addressKind(literal)).toBe('never'))
})

describe('a socket', () => {
  it('goes to public addresses over https only', () => {
    expect(isAllowed('public', 'https:', false)).toBe(true)
    expect(isAllowed('public', 'http:', false)).toBe(false)
    expect(isAllowed('public', 'http:', true)).toBe(false)
  })

  it('goes to private addresses only when that is allowed, and to the others never', () => {
    expect(isAllowed('private', 'https:', false)).toBe(false)
    expect(isAllowed('private', 'http:', true)).toBe(true)
    expect(isAllowed('never', 'https:', true)).toBe(false)
  })
})
