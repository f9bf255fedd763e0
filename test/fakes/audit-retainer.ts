import { jsonlAuditLog } from '../../src/audit/jsonl-audit-log.ts'
import { queryAudit } from '../../src/audit/query.ts'
import { statementSigner } from '../../src/audit/statement.ts'
import { type FileSystem, nodeFileSystem } from '../../src/store/file-system.ts'

/**
 * A process that is made to be killed at a chosen step of a removal: it opens a log that is too large, says every step that
 * touches the disk, and waits for ever before the one with this number.
 */
const [directory = '', keyHex = '', stopAt = '0'] = process.argv.slice(2)
let steps = 0

async function step(name: string): Promise<void> {
  steps++
  process.stdout.write(`${steps} ${name}\n`)
  if (steps === Number(stopAt)) {
    setInterval(() => undefined, 1_000)
    await new Promise(() => undefined)
  }
}

const files: FileSystem = {
  open: async (path, flags, mode) => (
    await step(`open ${flags} ${nameOf(path)}`),
    nodeFileSystem.open(path, flags, mode)
  ),
  rename: async (from, to) => (await step(`rename ${nameOf(to)}`), nodeFileSystem.rename(from, to)),
  unlink: async (path) => (await step(`unlink ${nameOf(path)}`), nodeFileSystem.unlink(path)),
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

const log = await jsonlAuditLog({
  directory,
  key: Buffer.from(keyHex, 'hex'),
  clock: Date.now,
  maxBytes: 500,
  checkpoints: { signer: statementSigner(Buffer.alloc(32, 'checkpoint')), gateway: 'test', every: 2, everyMs: 5 },
  retain: { maxBytes: 1_500 },
  files,
})
while (!(await isRetained())) await new Promise((resolve) => setTimeout(resolve, 2))
await log.close()
process.stdout.write('closed\n')

async function isRetained(): Promise<boolean> {
  for await (const { type, outcome } of queryAudit({ directory, limit: 1 }))
    return type === 'audit.retained' && outcome === 'ok'
  return false
}
