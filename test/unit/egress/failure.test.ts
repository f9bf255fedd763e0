import { describe, expect, it } from 'vitest'
import { toEgressError } from '../../../src/egress/failure.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'

const failing = (code: string, name = 'Error'): Error => Object.assign(new Error('secret detail'), { code, name })

describe('a request that fails', () => {
  it.each([
    ['ECONNREFUSED', 'upstream_failed', 'api.example.com refused the connection.'],
    ['ENOTFOUND', 'upstream_failed', 'api.example.com has no address: its name cannot be resolved.'],
    ['ECONNRESET', 'upstream_failed', 'api.example.com closed the connection before it had answered.'],
    [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'upstream_failed',
      'api.example.com could not prove who it is: its certificate is not valid.',
    ],
    ['CERT_HAS_EXPIRED', 'upstream_failed', 'api.example.com could not prove who it is: its certificate is not valid.'],
    ['UND_ERR_CONNECT_TIMEOUT', 'upstream_timeout', 'api.example.com did not answer in time.'],
    ['UND_ERR_HEADERS_OVERFLOW', 'upstream_invalid', 'api.example.com sent something that is not HTTP.'],
    ['EWHATEVER', 'upstream_failed', 'api.example.com failed.'],
  ])('with %s is told in words, without what is inside', (code, ours, words) => {
    expect(toEgressError(failing(code), 'api.example.com', true)).toMatchObject({ code: ours, message: words })
  })

  it('leaves a doubt after a write, unless nothing was sent', () => {
    const told = (code: string) => toEgressError(failing(code), 'api.example.com', false).message
    expect(told('ECONNRESET')).toMatch(/It may have been done all the same/)
    expect(told('UND_ERR_HEADERS_TIMEOUT')).toMatch(/It may have been done all the same/)
    expect(told('ECONNREFUSED')).not.toMatch(/may have been done/)
    expect(told('UND_ERR_CONNECT_TIMEOUT')).not.toMatch(/may have been done/)
  })

  it('on every address of a name is told by the first', () => {
    const both = new AggregateError([failing('ECONNREFUSED'), failing('EHOSTUNREACH')])
    expect(toEgressError(both, 'localhost:1', true).message).toBe('localhost:1 refused the connection.')
  })

  it('with an error of ours keeps it', () => {
    const ours = new GatewayError('egress_blocked', 'no')
    expect(toEgressError(ours, 'x', true)).toBe(ours)
  })
})
