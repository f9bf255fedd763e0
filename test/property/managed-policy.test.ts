import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { savePolicy } from '../../src/admin/policy-edits.ts'
import { planPolicy } from '../../src/admin/policy-plan.ts'
import { managedPolicy } from '../../src/admin/policy.ts'
import { adminPrincipal } from '../../src/identity/principals.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { toGatewayError } from '../../src/kernel/errors.ts'
import { adminWorld, type AdminWorld } from '../helpers/admin-world.ts'
import { sourceTool } from '../helpers/tools.ts'

const SCHEMA: JsonObject = { type: 'object', properties: { x: {}, y: {} }, additionalProperties: true }
const CONNECTIONS = {
  one: {
    tools: [
      sourceTool('read', { effect: 'read' }, { inputSchema: SCHEMA }),
      sourceTool('write', { effect: 'write', idempotent: false }, { inputSchema: SCHEMA }),
    ],
  },
  two: { tools: [sourceTool('drop', { effect: 'destructive', idempotent: false }, { inputSchema: SCHEMA })] },
}
const AGENTS = ['ann', 'bob']
const TOOLS = ['conn:one:read', 'conn:one:write', 'conn:two:drop']

const some = <T>(...values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
const rule = fc
  .record(
    {
      effect: fc.constantFrom('allow', 'allow', 'deny'),
      mode: fc.constantFrom('enforce', 'enforce', 'enforce', 'shadow'),
      subjects: fc.record({ agents: some(...AGENTS) }),
      tools: fc.oneof(
        fc.record({ connections: some('one', 'two') }),
        fc.record({ effects: some('read', 'write', 'destructive') }),
      ),
      args: fc.constantFrom<object>({ '/x': { in: ['p', 'q'] } }, { '/y': { equals: 'p' } }),
    },
    { requiredKeys: ['effect'] },
  )
  .map((one) => one)
const document = fc
  .array(rule, { maxLength: 5 })
  .map((rules) => ({ rules: rules.map((one, index) => ({ ...one, id: `m${index}` })) }))
const calls = fc.array(
  fc.record({
    agent: fc.constantFrom(...AGENTS),
    tool: fc.constantFrom(...TOOLS),
    input: fc.record({ x: fc.constantFrom('p', 'z'), y: fc.constantFrom('p', 'z') }),
  }),
  { minLength: 5, maxLength: 15 },
)

const ADMIN = adminPrincipal('acme')
const declared = {
  rules: [
    { id: 'base', effect: 'allow', tools: { effects: ['read', 'write'] } },
    // Refers to both arguments, so that they are recorded whatever is saved.
    { id: 'watch', effect: 'deny', mode: 'shadow', args: { '/x': { equals: 'p' }, '/y': { equals: 'p' } } },
  ],
}
const world = (): Promise<AdminWorld> =>
  adminWorld({ connections: CONNECTIONS, agents: AGENTS.map((id) => ({ id })), policy: declared })

const seen = ({ gateway }: AdminWorld): ReadonlySet<string> =>
  new Set(AGENTS.flatMap((agent) => gateway.list(agent).tools.map((tool) => `${agent} ${idOf(tool)}`)))
const idOf = (tool: object): string => String((tool as { _meta: Record<string, string> })._meta['dev.gatehouse/id'])

async function decided(
  { gateway }: AdminWorld,
  { agent, tool, input }: { agent: string; tool: string; input: JsonObject },
) {
  try {
    await gateway.call(agent, tool, input)
    return 'allow'
  } catch (error) {
    return ['denied', 'tool_not_found'].includes(toGatewayError(error).code) ? 'deny' : toGatewayError(error).code
  }
}

describe('a plan, whatever is saved', () => {
  it('says exactly what is listed and decided otherwise afterwards', { timeout: 120_000 }, async () => {
    let changed = 0
    await fc.assert(
      fc.asyncProperty(document, document, calls, async (before, after, asked) => {
        const place = await world()
        const { deps, gateway, append } = place
        const save = async (input: object) =>
          savePolicy(deps, ADMIN, { input: { document: input }, ifMatch: (await managedPolicy(deps, ADMIN)).etag })
        await save(before)
        const was: string[] = []
        for (const call of asked) was.push(await decided(place, call))
        for (const event of gateway.events) if (event.type === 'tool.call') append(event)
        const listed = seen(place)
        const plan = await planPolicy(deps, ADMIN, {
          change: { document: after },
          layer: 'managed',
          past: {},
          signal: new AbortController().signal,
        })
        const saved = await save(after)
        if (saved.state === 'activated') expect(saved.impact).toEqual(plan.access.totals)
        const now = seen(place)
        const names = (list: readonly { agent: string; tool: string }[]) =>
          list.map((one) => `${one.agent} ${one.tool}`)
        expect(new Set(names(plan.access.gained))).toEqual(new Set([...now].filter((one) => !listed.has(one))))
        expect(new Set(names(plan.access.lost))).toEqual(new Set([...listed].filter((one) => !now.has(one))))
        let differing = 0
        let hidden = 0
        for (const [index, call] of asked.entries()) {
          // A call of what was hidden was refused before its arguments were read: nothing of them is recorded.
          if (!listed.has(`${call.agent} ${call.tool}`)) {
            hidden++
            continue
          }
          if ((await decided(place, call)) !== was[index]) differing++
        }
        const { replay } = plan
        expect(replay?.total).toBe(asked.length)
        expect(replay?.indeterminate).toBeLessThanOrEqual(hidden)
        const ofSeen = replay?.changes.filter((one) => listed.has(`${one.agent} ${one.tool}`))
        expect(ofSeen).toHaveLength(differing)
        changed += differing
      }),
      { numRuns: 60 },
    )
    expect(changed).toBeGreaterThan(20)
  })
})
