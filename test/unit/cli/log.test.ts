import { describe, expect, it } from 'vitest'
import { pinoLog } from '../../../src/cli/log.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { Secret } from '../../../src/kernel/secret.ts'

function testLog({ fixed = false, level = 'info' as const } = {}) {
  const lines: string[] = []
  const log = pinoLog({ level, fixed, write: (line) => void lines.push(line) })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown> }
}

describe('the log', () => {
  it('is JSON lines with level, time and message', () => {
    const { log, last } = testLog()
    log.warn({ connection: 'files' }, 'the server has ended')
    expect(last()).toEqual({
      level: 40,
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      connection: 'files',
      msg: 'the server has ended',
    })
  })

  it('shows no secret, by type or by name', () => {
    const { log, lines } = testLog()
    const fields = {
      token: 'canary',
      nested: { authorization: 'canary', apiKey: 'canary' },
      other: new Secret('canary') as never,
    }
    log.info(fields, 'x')
    expect(lines.join('')).not.toContain('canary')
    expect(lines.join('')).toContain('[secret]')
  })

  it('tells causes of causes, and stacks of strangers only', () => {
    const { log, last } = testLog()
    const root = new TypeError('fetch failed')
    log.error(
      { connection: 'x' },
      'the call failed',
      new GatewayError('upstream_failed', 'No answer.', { cause: root }),
    )
    expect(last()).toMatchObject({
      error: {
        code: 'upstream_failed',
        message: 'No answer.',
        cause: { name: 'TypeError', stack: expect.any(String) },
      },
    })
    expect(last()['error']).not.toHaveProperty('stack')
  })

  it('ends a chain of causes that bites its tail', () => {
    const { log, lines } = testLog()
    const error = new Error('round')
    error.cause = error
    log.error({}, 'x', error)
    expect(lines).toHaveLength(1)
  })

  it('takes the level of the configuration, unless LOG_LEVEL has spoken', () => {
    const free = testLog()
    free.log.setLevel('error')
    free.log.info({}, 'x')
    free.log.setLevel('nonsense')
    free.log.info({}, 'x')
    expect(free.lines).toEqual([])
    const fixed = testLog({ fixed: true })
    fixed.log.setLevel('error')
    fixed.log.info({}, 'x')
    expect(fixed.lines).toHaveLength(1)
  })
})
