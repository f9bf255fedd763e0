import { createInterface } from 'node:readline'
import { measure } from './load.ts'
import type { Job } from './loader.ts'
import { caller, lister, type Sender } from './requests.ts'
import { sseCaller } from './sse-client.ts'

/** The load generator: takes one job a line and answers each with what it measured. Ends with its input. */
for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line) as Job
  const answer = await run(job).catch((error: unknown) => ({ error: String(error) }))
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

async function run(job: Job): Promise<object> {
  const sender = await open(job)
  try {
    const measured = await measure(sender.send, job)
    return { ...measured, ...('last' in sender && { pages: sender.last.pages }) }
  } finally {
    await sender.close()
  }
}

function open(job: Job): Promise<Sender | Awaited<ReturnType<typeof lister>>> {
  if (job.kind === 'list') return lister(job.endpoint)
  return job.kind === 'sse' ? sseCaller(job.endpoint.url, job.calls) : caller(job.endpoint, job.calls, job.concurrency)
}
