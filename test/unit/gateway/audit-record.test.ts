import { describe, expect, it } from 'vitest'
import { principal, testGateway } from '../../helpers/test-gateway.ts'
import { sourceTool } from '../../helpers/tools.ts'

const properties = { to: { type: 'string' }, body: { type: 'string' } }
const connections = {
  mail: { tools: [sourceTool('send_message', { effect: 'write' }, { inputSchema: { type: 'object', properties } })] },
}
const rules = [
  { id: 'all', effect: 'allow' },
  { id: 'inside', effect: 'require', args: { '/to': { emailDomains: ['corp.com'] } } },
]
const SEND = 'conn:mail:send_message'
const INPUT = { to: 'ann@corp.com', body: 'The secret plan.' }
const outcomeOf = ({ events }: ReturnType<typeof testGateway>) => events.find(({ phase }) => phase === 'outcome')

describe('the record of a call', () => {
  it('keeps the names of arguments and the values that rules refer to, and no other value', async () => {
    const gateway = testGateway({ connections, policy: { rules } })
    await gateway.call('sidekick', SEND, INPUT)
    expect(outcomeOf(gateway)?.projection).toEqual({ members: { to: { value: 'ann@corp.com' }, body: {} } })
    expect(JSON.stringify(gateway.events)).not.toContain('secret plan')
  })

  it('keeps none of it where policy wants who and what only', async () => {
    const meta = { id: 'quiet', effect: 'require', obligations: { log: 'meta' } }
    const gateway = testGateway({ connections, policy: { rules: [...rules, meta] } })
    await gateway.call('sidekick', SEND, INPUT)
    expect(outcomeOf(gateway)).not.toHaveProperty('projection')
    expect(outcomeOf(gateway)).not.toHaveProperty('argumentsHash')
  })

  it('says who asked for whom, in which trace, and what policy asked for besides', async () => {
    const limited = { id: 'slow', effect: 'require', obligations: { rateLimit: { limit: 5, window: '1m' } } }
    const watched = { id: 'no-mail', effect: 'deny', mode: 'shadow', tools: { connections: ['mail'] } }
    const gateway = testGateway({ connections, policy: { rules: [...rules, limited, watched] } })
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    await gateway.call('sidekick', SEND, INPUT, {
      principal: principal('sidekick', { user: 'ann', groups: ['sales'], claims: { employment: 'contractor' } }),
      meta: { traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    })
    expect(outcomeOf(gateway)).toMatchObject({
      agent: 'sidekick',
      user: 'ann',
      groups: ['sales'],
      claims: { employment: 'contractor' },
      trace,
      obligations: ['rateLimit:slow'],
      shadow: ['deny:no-mail'],
    })
  })

  it('takes no trace that is none, and no claims that would fill the log', async () => {
    const gateway = testGateway({ connections, policy: { rules } })
    await gateway.call('sidekick', SEND, INPUT, {
      principal: principal('sidekick', { claims: { all: 'x'.repeat(3_000) } }),
      meta: { traceparent: 'nonsense' },
    })
    expect(outcomeOf(gateway)).not.toHaveProperty('trace')
    expect(outcomeOf(gateway)).not.toHaveProperty('claims')
  })
})
