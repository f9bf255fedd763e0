import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { roomIn } from '../helpers/audit.ts'
import { describeAuditLog } from './audit-contract.ts'

describeAuditLog('JSON lines', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  const room = roomIn(directory)
  return {
    log: await room.open(),
    records: async () => (await room.records()).filter((record) => record.type === 'tool.call'),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
})
