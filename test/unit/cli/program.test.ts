import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { testShell } from '../../helpers/test-shell.ts'

describe('the command line', () => {
  it.each([['--version'], ['-V']])('prints its version on %s', async (flag) => {
    const { run, out } = testShell()
    expect(await run(flag)).toBe(0)
    expect(out()).toBe('1.2.3\n')
  })

  it.each([[['help']], [['--help']]])('shows every command on %s', async (argv) => {
    const { run, out } = testShell()
    expect(await run(...argv)).toBe(0)
    for (const name of ['serve', 'stdio', 'check', 'status', 'agent', 'tools', 'policy', 'audit', 'call']) {
      expect(out()).toMatch(new RegExp(`^  ${name} `, 'm'))
    }
    expect(out()).toContain('Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 a plan fails (--fail-on), 4 denied by policy')
  })

  it.each([
    'serve',
    'stdio',
    'check',
    'status',
    'agent add',
    'agent list',
    'agent revoke',
    'agent rotate',
    'agent enable',
    'agent disable',
    'people add',
    'people list',
    'people keys',
    'people revoke',
    'tools list',
    'tools diff',
    'tools accept',
    'policy explain',
    'audit tail',
    'audit query',
    'audit verify',
    'call',
  ])('has examples in the help of %s', async (name) => {
    const { run, out } = testShell()
    expect(await run(...name.split(' '), '--help')).toBe(0)
    expect(out()).toMatch(/Examples:\n {2}\$ gatehouse /)
    expect(out()).toContain('--config <path>')
  })

  it('suggests what was meant, with exit code 2', async () => {
    const { run, err, out } = testShell()
    expect(await run('srve')).toBe(2)
    expect(err()).toBe("error: unknown command 'srve'\n(Did you mean serve?)\n")
    expect(out()).toBe('')
  })

  it.each([
    [['serve', '--prot', '1'], "unknown option '--prot'"],
    [['serve', '--port', 'http'], 'Give a whole number from 0 to 65535.'],
    [['serve', '--port', '65536'], 'Give a whole number'],
    [['status', 'extra'], 'too many arguments'],
    [['stdio'], 'which agent? Give --agent <id>, or set GATEHOUSE_AGENT'],
    [['agent', 'add'], "missing required argument 'id'"],
    [['agent', 'ad', 'x'], 'Did you mean add?'],
    [['agent', 'revoke'], 'name either an agent or a key'],
    [['agent', 'revoke', 'a', '--key', 'b'], 'name either an agent or a key'],
    [['agent', 'add', 'x', '--tool-names', 'odd'], 'Allowed choices are portable, canonical, plain.'],
    [['call', 'conn:files:read', '{}'], "required option '--agent <id>' not specified"],
    [['call', 'conn:files:read', '{', '--agent', 'a'], 'Give a JSON object'],
    [['call', 'conn:files:read', '[]', '--agent', 'a'], 'Give a JSON object'],
    [['policy', 'explain', '--agent', 'a'], "required option '--tool <id>' not specified"],
    [['audit', 'query', '--since', 'soon'], 'Give a duration such as 1h, or a date'],
    [['audit', 'query', '--limit', '0'], 'Give a whole number from 1 to 1000.'],
  ])('refuses %j with exit code 2 and words', async (argv, words) => {
    const { run, err, composed } = testShell()
    expect(await run(...argv)).toBe(2)
    expect(err()).toContain('error:')
    expect(err()).toContain(words)
    expect(composed).toEqual([])
  })

  it('says it as JSON too when that was asked for', async () => {
    const { run, json } = testShell()
    expect(await run('call', 't', '{', '--agent', 'a', '--json')).toBe(2)
    expect(json()).toEqual({
      error: { code: 'usage', title: 'Wrong usage', detail: expect.stringContaining('Give a JSON object') },
    })
  })
})

describe('a failure', () => {
  const failing = (error: unknown) => testShell({ compose: () => Promise.reject(error) })

  it('is told on stderr, and as JSON on stdout when that was asked for', async () => {
    const error = new GatewayError('config_invalid', 'gateway.config.json:3:5  /agnts  unknown key', {
      data: { problems: [] },
    })
    const { run, err, json } = failing(error)
    expect(await run('agent', 'list', '--json')).toBe(1)
    expect(err()).toBe('error: gateway.config.json:3:5  /agnts  unknown key\n')
    expect(json()).toMatchObject({
      error: { code: 'config_invalid', title: 'Invalid configuration', detail: error.message },
    })
  })

  it('lists every problem of a policy, each once', async () => {
    const problems = [
      { path: '/rules/0', message: 'There is no agent "a".' },
      { path: '/rules/1', message: 'There is no agent "b".' },
    ]
    const { run, err } = failing(
      new GatewayError('policy_invalid', 'The policy cannot be used: /rules/0: There is no agent "a". (and 1 more)', {
        data: { problems },
      }),
    )
    await run('agent', 'list')
    expect(err()).toBe(
      'error: The policy cannot be used: /rules/0: There is no agent "a". (and 1 more)\n  /rules/1: There is no agent "b".\n',
    )
  })

  it('of ours shows its cause to the operator, not a stack', async () => {
    const { run, err } = failing(new RangeError('something odd'))
    expect(await run('agent', 'list')).toBe(1)
    expect(err()).toContain('RangeError: something odd')
    expect(err()).not.toContain(' at ')
  })

  it('cannot steer the terminal', async () => {
    const { run, err } = failing(new GatewayError('internal', 'before \u001b[2J\u202e after\r\n'))
    await run('agent', 'list')
    expect(err()).toContain('before \\u001b[2J\\u202e after\\u000d')
  })
})
