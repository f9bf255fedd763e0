import { describe, expect, it } from 'vitest'
import {
  type ApprovalDeps,
  decideApproval,
  grantApproval,
  listApprovals,
  listGrants,
  revokeGrant,
  showApproval,
} from '../../../src/admin/approvals.ts'
import type { Principal } from '../../../src/kernel/principal.ts'
import { adminPrincipal } from '../../../src/identity/principals.ts'
import { adminWorld } from '../../helpers/admin-world.ts'
import { approvalWorld, asking } from '../../helpers/approvals.ts'
import { principal } from '../../helpers/test-gateway.ts'

const WRITE = 'conn:notes:write_note'

const person = (user: string, more: Partial<Principal> = {}): Principal => ({
  id: `person:${user}`,
  organisation: 'acme',
  agent: '',
  user,
  groups: ['managers'],
  claims: {},
  credential: 'person',
  roles: ['approver'],
  ...more,
})

/** A call of an agent that acts for Ann waits for a manager. */
async function waiting(approval: object = {}, groups: object = { managers: {} }) {
  const world = await approvalWorld({ policy: { ...asking(approval), groups } })
  const base = await adminWorld()
  const { snapshot, clock } = world.gateway.deps
  const deps: ApprovalDeps = { admin: { ...base.deps, snapshot, clock }, queue: world.queue, grants: world.grants }
  const forAnn = principal('sidekick', { id: 'agent:sidekick/user:ann@corp.com', user: 'ann@corp.com' })
  const call = () => world.gateway.call('sidekick', WRITE, { n: 1 }, { principal: forAnn })
  await call().catch(() => undefined)
  const { id } = world.newest()
  const say = (who: Principal, verdict: 'approve' | 'deny' = 'approve') =>
    decideApproval(deps, who, { id, verdict, channel: 'console' })
  return { ...world, deps, records: base.records, id, call, say }
}

const FORBIDDEN = { code: 'forbidden' }

describe('who decides', () => {
  it('is a member of the groups that the rule asks, by registration or by the policy', async () => {
    const groups = { managers: { claims: [{ path: '/level', equals: 'senior' }], users: ['paul'] } }
    for (const who of [
      person('mona'),
      person('paul', { groups: [] }),
      person('quin', { groups: [], claims: { level: 'senior' } }),
    ]) {
      const { say } = await waiting({}, groups)
      expect((await say(who)).state).toBe('approved')
    }
    const { say, newest } = await waiting({}, groups)
    await expect(say(person('rob', { groups: ['staff'], claims: { level: 'junior' } }))).rejects.toMatchObject(
      FORBIDDEN,
    )
    expect(newest().votes).toEqual([])
  })

  it.each([
    ['an admin', person('adam', { roles: ['admin'], groups: [] })],
    ['the holder of the admin token', adminPrincipal('acme')],
    ['a viewer in the group', person('vera', { roles: ['viewer'] })],
    ['an auditor in the group', person('aud', { roles: ['auditor'] })],
    ['somebody without a role', person('nora', { roles: [] })],
    ['an agent in the group', principal('ci', { groups: ['managers'] })],
    ['an agent that claims a role', principal('ci', { groups: ['managers'], roles: ['approver'] })],
  ])('is not %s', async (_what, who) => {
    const { say, newest } = await waiting()
    for (const verdict of ['approve', 'deny'] as const) await expect(say(who, verdict)).rejects.toMatchObject(FORBIDDEN)
    expect(newest().state).toBe('pending')
  })

  it('is an admin where the rule names admins, unless a group has that name', async () => {
    const named = await waiting({ approvers: ['admins'] }, {})
    expect((await named.say(adminPrincipal('acme'))).state).toBe('approved')
    const taken = await waiting({ approvers: ['admins'] }, { admins: { users: ['mona'] } })
    await expect(taken.say(adminPrincipal('acme'))).rejects.toMatchObject(FORBIDDEN)
    expect((await taken.say(person('mona', { groups: [] }))).state).toBe('approved')
  })

  it.each([
    ['by id', person('Ann@Corp.com')],
    ['by mail', person('ann', { claims: { email: 'ann@corp.com' } })],
    ['by subject', person('a-17', { claims: { sub: 'ann@corp.com' } })],
  ])('is not the person that the agent acts for, known %s, who may still say no', async (_what, ann) => {
    const { say, id, deps } = await waiting()
    await expect(say(ann)).rejects.toThrow(/wants somebody else/)
    expect(await showApproval(deps, ann, { id, channel: 'console' })).toMatchObject({ mayDecide: [] })
    expect((await say(ann, 'deny')).state).toBe('denied')
    const allowed = await waiting({ allowSelf: true })
    expect((await allowed.say(ann)).state).toBe('approved')
  })

  it('counts once, whichever way they come', async () => {
    const { say } = await waiting({ quorum: 2 })
    expect((await say(person('mona'))).state).toBe('pending')
    await expect(say(person('MONA', { id: 'person:other' }))).rejects.toMatchObject({ code: 'conflict' })
    expect((await say(person('otto'))).state).toBe('approved')
  })

  it('is of the same organisation', async () => {
    const { say, deps, id } = await waiting()
    const stranger = person('mona', { organisation: 'evil' })
    await expect(say(stranger)).rejects.toMatchObject({ code: 'not_found' })
    await expect(showApproval(deps, stranger, { id, channel: 'console' })).rejects.toMatchObject({ code: 'not_found' })
    expect(await listApprovals(deps, stranger, {})).toEqual({ items: [] })
  })
})

describe('looking', () => {
  it('is recorded, and shows arguments to approvers and auditors alone', async () => {
    const { deps, id, records } = await waiting()
    const look = (who: Principal) => showApproval(deps, who, { id, channel: 'console' })
    expect(await look(person('mona'))).toMatchObject({ arguments: { n: 1 }, mayDecide: ['ask'], changed: false })
    expect(await look(person('aud', { roles: ['auditor'], groups: [] }))).toMatchObject({ arguments: { n: 1 } })
    expect(await look(person('vera', { roles: ['viewer'] }))).not.toHaveProperty('arguments')
    expect(await look(person('otto', { groups: [] }))).not.toHaveProperty('arguments')
    await expect(look(principal('ci'))).rejects.toMatchObject(FORBIDDEN)
    const viewed = records.filter(({ type }) => type === 'approval.viewed')
    expect(viewed.map(({ principal: who, outcome }) => [who, outcome])).toEqual([
      ['person:mona', 'ok'],
      ['person:aud', 'ok'],
      ['person:vera', 'ok'],
      ['person:otto', 'ok'],
      ['agent:ci', 'denied'],
    ])
  })

  it('says when the tool was changed since', async () => {
    const { deps, id, gateway } = await waiting()
    gateway.swap({ connections: {} })
    expect(await showApproval(deps, person('mona'), { id, channel: 'console' })).toMatchObject({ changed: true })
  })
})

describe('a grant', () => {
  const HOUR = 3_600_000
  it('is given by whoever could approve alone, for this very call unless constraints say more', async () => {
    const { deps, id, call, gateway } = await waiting()
    const grant = await grantApproval(deps, person('mona'), { id, forMs: HOUR, channel: 'console' })
    for (const _ of [1, 2, 3]) await call()
    expect(gateway.sent).toHaveLength(3)
    expect(await listGrants(deps, person('vera', { roles: ['viewer'] }))).toMatchObject([
      { id: grant.id, by: 'user:mona' },
    ])
    await revokeGrant(deps, person('otto'), grant.id)
    await call()
    await expect(call()).rejects.toMatchObject({ code: 'approval_required' })
  })

  it.each([
    ['two must agree', { quorum: 2 }, person('mona'), {}, 'forbidden'],
    ['it is about oneself', {}, person('ann@corp.com'), {}, 'forbidden'],
    ['one is no approver', {}, person('adam', { roles: ['admin'], groups: [] }), {}, 'forbidden'],
    ['it is longer than a day', {}, person('mona'), { forMs: 25 * HOUR }, 'invalid_request'],
    ['its constraints are none', {}, person('mona'), { args: { to: { maximum: 3 } } }, 'invalid_request'],
    ['it constrains nothing', {}, person('mona'), { args: {} }, 'invalid_request'],
  ])('is refused where %s, and nothing is approved by it', async (_what, approval, who, more, code) => {
    const { deps, id, newest } = await waiting(approval)
    const draft = { id, forMs: HOUR, channel: 'console' as const, ...more }
    await expect(grantApproval(deps, who, draft)).rejects.toMatchObject({ code })
    expect(newest()).toMatchObject({ state: 'pending', votes: [] })
    expect(await listGrants(deps, person('vera'))).toEqual([])
  })
})
