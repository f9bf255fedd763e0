import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Lookup } from '../../src/egress/egress.ts'
import { get, testEgress } from '../helpers/egress.ts'
import { fakeVendor, json } from '../helpers/fake-vendor.ts'

/** Listens everywhere, so that any spelling that got through would be noticed. */
const trap = createServer((socket) => {
  connections++
  socket.destroy()
})
let connections = 0
let port = 0

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    trap.listen(0, '::', resolve)
  })
  port = (trap.address() as AddressInfo).port
})
afterAll(() => {
  trap.close()
})

/** Ways to write addresses that must not be reached from outside of a private network (PayloadsAllTheThings, RFC 6890). */
const SPELLINGS = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '017700000001',
  '①②⑦.⓪.⓪.①',
  '１２７．０．０．１',
  '127。0。0。1',
  '127.0.0.1.',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'ｌｏｃａｌｈｏｓｔ',
  '%6c%6f%63%61%6c%68%6f%73%74',
  '0',
  '0.0.0.0',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '168.63.129.16',
  '0xa9fea9fe',
  '2852039166',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::7f00:1]',
  '[::ffff:a9fe:a9fe]',
  '[fd20:ce::254]',
  '[::ffff:169.254.169.254]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b:1::127.0.0.1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
]

const answering = (...addresses: readonly string[]): { lookup: Lookup; asked: string[] } => {
  const asked: string[] = []
  const lookup: Lookup = (hostname, _options, callback) => {
    asked.push(hostname)
    const answers: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    callback(null, answers)
  }
  return { lookup, asked }
}

describe('egress to the public network', () => {
  it.each(SPELLINGS)('does not open a socket to %s', async (host) => {
    const { egress } = testEgress()
    const url = `https://${host}:${port}/`
    await expect(egress.request(get(url, { allowPrivateNetwork: false }))).rejects.toMatchObject({
      code: 'egress_blocked',
    })
    await expect(egress.fetch({ allowPrivateNetwork: false })(url)).rejects.toMatchObject({ code: 'egress_blocked' })
    expect(connections).toBe(0)
    await egress.close()
  })

  it('refuses a name when any of its addresses is private', async () => {
    const { lookup } = answering('93.184.216.34', '127.0.0.1')
    const { egress } = testEgress({ lookup })
    const asking = egress.request(get(`https://mixed.example:${port}/`, { allowPrivateNetwork: false }))
    await expect(asking).rejects.toMatchObject({ code: 'egress_blocked' })
    expect(connections).toBe(0)
    await egress.close()
  })

  it('refuses a name without addresses', async () => {
    const { lookup } = answering()
    const { egress } = testEgress({ lookup })
    const asking = egress.request(get('https://nothing.example/', { allowPrivateNetwork: false }))
    await expect(asking).rejects.toMatchObject({ code: 'egress_blocked' })
    await egress.close()
  })

  it.each(['http://example.com/', 'ftp://example.com/', 'file:///etc/passwd', 'data:text/plain,x', 'javascript:1'])(
    'refuses the scheme of %s',
    async (url) => {
      const { egress } = testEgress()
      const asking = egress.request(get(url, { allowPrivateNetwork: false }))
      await expect(asking).rejects.toMatchObject({ code: 'egress_blocked' })
      await expect(egress.fetch({ allowPrivateNetwork: false })(url)).rejects.toMatchObject({ code: 'egress_blocked' })
      await egress.close()
    },
  )

  it('refuses a user name in the address', async () => {
    const { egress } = testEgress()
    const asking = egress.request(get('https://api.example.com@127.0.0.1/', { allowPrivateNetwork: false }))
    await expect(asking).rejects.toMatchObject({ code: 'egress_blocked' })
    await egress.close()
  })

  it('says what was refused without what the name resolved to', async () => {
    const { lookup } = answering('10.1.2.3')
    const { egress } = testEgress({ lookup })
    const asking = egress.request(get('https://intern.example/secret?key=1', { allowPrivateNetwork: false }))
    await expect(asking).rejects.toThrow(
      'The address of intern.example is not allowed. Only public addresses over https are reached. For a service on your own network set allowPrivateNetwork on its connection.',
    )
    await egress.close()
  })
})

describe('egress to a private network', () => {
  it('asks for a name once and connects to the answer that it checked', async () => {
    const vendor = await fakeVendor(json({ ok: true }))
    const { lookup, asked } = answering('127.0.0.1')
    const { egress } = testEgress({ lookup })
    expect((await egress.request(get(`http://service.internal:${vendor.port}/`))).status).toBe(200)
    expect(asked).toEqual(['service.internal'])
    await egress.close()
    await vendor[Symbol.asyncDispose]()
  })

  it('sends nothing in the clear to a public address, by number or by name', async () => {
    const { lookup } = answering('93.184.216.34')
    const { egress } = testEgress({ lookup })
    await expect(egress.request(get('http://93.184.216.34/'))).rejects.toMatchObject({ code: 'egress_blocked' })
    await expect(egress.request(get('http://public.example/'))).rejects.toMatchObject({ code: 'egress_blocked' })
    await egress.close()
  })

  it.each([
    '169.254.169.254',
    '[fd00:ec2::254]',
    '100.100.100.200',
    '0.0.0.0',
    '[::]',
    '[fe80::1]',
    '[64:ff9b::7f00:1]',
  ])('never reaches %s', async (host) => {
    const { egress } = testEgress()
    await expect(egress.request(get(`http://${host}:${port}/`))).rejects.toMatchObject({ code: 'egress_blocked' })
    expect(connections).toBe(0)
    await egress.close()
  })
})
