// A process that supervises one stubborn server and closes on SIGTERM, as the gateway does. argv: data directory.
import { fileLedger } from '../../../src/sources/process-ledger.ts'
import { mcpConnector } from '../../../src/sources/mcp-connector.ts'
import { memoryDefinitions } from '../../../src/sources/definitions.ts'
import { realSchedule } from '../../../src/sources/schedule.ts'
import { supervise } from '../../../src/sources/supervisor.ts'
import { memoryVerdicts } from '../../../src/sources/verdicts.ts'

const [directory = ''] = process.argv.slice(2)
const deps = {
  clock: Date.now,
  schedule: realSchedule,
  env: process.env,
  fetch: () => fetch,
  verdicts: memoryVerdicts(),
  ledger: fileLedger(directory),
  version: '0.0.0',
  graceMs: 100,
}
const transport = {
  kind: 'stdio' as const,
  command: process.execPath,
  args: [`${import.meta.dirname}/legacy-server.mjs`, 'stubborn'],
  env: {},
}
const supervisor = supervise({
  ...deps,
  definitions: memoryDefinitions(),
  random: Math.random,
  log: () => undefined,
})
supervisor.onChange(() => {
  if (supervisor.statuses()[0]?.state === 'active') process.stdout.write('ready\n')
})
supervisor.apply([
  {
    slug: 'stubborn',
    provider: 'mcp',
    enabled: true,
    fingerprint: '1',
    connector: () => mcpConnector({ connection: 'stubborn', transport, trustAnnotations: false }, deps),
  },
])
process.once('SIGTERM', () => void supervisor.close())
