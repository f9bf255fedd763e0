import { jsonlAuditLog } from '../../src/audit/jsonl-audit-log.ts'
import { statementSigner } from '../../src/audit/statement.ts'

/**
 * A process that is made to be killed: it opens the audit log of a directory, then four writers append as fast as they
 * can. Every acknowledged append is said on stdout as soon as it is acknowledged, by its request id.
 */
const [directory = '', round = '', keyHex = ''] = process.argv.slice(2)
const log = await jsonlAuditLog({
  directory,
  key: Buffer.from(keyHex, 'hex'),
  clock: Date.now,
  maxBytes: 4_000,
  sealMs: 2,
  checkpoints: { signer: statementSigner(Buffer.alloc(32, 'checkpoint')), gateway: 'test', every: 10, everyMs: 5 },
})

async function appendForEver(writer: number): Promise<void> {
  for (let n = 1; ; n++) {
    const requestId = `${round}-${writer}-${n}`
    await log.append({ type: 'tool.call', phase: 'outcome', at: Date.now(), requestId })
    process.stdout.write(`${requestId}\n`)
  }
}

await Promise.all([0, 1, 2, 3].map(appendForEver))
