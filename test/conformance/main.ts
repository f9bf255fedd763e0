import { parseArgs } from 'node:util'
import {
  clientJob,
  clientScenarios,
  crossEraJob,
  directJob,
  gatewayJob,
  type Job,
  type JobOptions,
  urlJob,
} from './jobs.ts'
import { hasPassed, toDocument, toTable } from './report.ts'
import { runJobs } from './run-jobs.ts'
import { installSuite, REVISIONS, suiteNode } from './suite.ts'

const USAGE = `Runs the official MCP conformance suite through the gateway.

  npm run conformance                       servers, client and cross-era
  npm run conformance -- --part server      one part: server, client or cross-era (repeatable)
  npm run conformance -- --revision 2026-07-28
  npm run conformance -- --scenario ping    one scenario, wherever it is required
  npm run conformance -- --direct           against our fixture, without the gateway
  npm run conformance -- --url <mcp url>    against any server
  npm run -s conformance -- --json          one document instead of the table; exit code 1 when a required one fails
`

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    direct: { type: 'boolean', default: false },
    url: { type: 'string' },
    scenario: { type: 'string' },
    part: { type: 'string', multiple: true, default: ['server', 'client', 'cross-era'] },
    revision: { type: 'string', multiple: true, default: [...REVISIONS] },
  },
})

const say = (line: string): void => console.error(line)

if (values.help) console.log(USAGE)
else {
  installSuite(say)
  const results = await runJobs(toJobs({ node: suiteNode(say), scenario: values.scenario }), say)
  console.log(values.json ? JSON.stringify(toDocument(results), undefined, 2) : toTable(results))
  process.exitCode = hasPassed(results) ? 0 : 1
}

function toJobs(options: JobOptions): readonly Job[] {
  const revisions = REVISIONS.filter((revision) => values.revision.includes(revision))
  const { url, scenario } = values
  if (url !== undefined) return revisions.map((revision) => urlJob(options, revision, url, url))
  if (values.direct) return revisions.map((revision) => directJob(options, revision))
  const isWanted = (part: string): boolean => values.part.includes(part)
  return [
    ...(isWanted('server') ? revisions.flatMap((revision) => toServerJobs(options, revision)) : []),
    ...(isWanted('cross-era') && scenario === undefined ? toCrossEraJobs(options) : []),
    ...(isWanted('client')
      ? revisions.flatMap((revision) =>
          clientScenarios(revision)
            .filter((name) => scenario === undefined || name === scenario)
            .map((name) => clientJob(options, revision, name)),
        )
      : []),
  ]
}

function toServerJobs(options: JobOptions, revision: (typeof REVISIONS)[number]): readonly Job[] {
  return [gatewayJob(options, revision, 'http'), gatewayJob(options, revision, 'stdio')]
}

function toCrossEraJobs(options: JobOptions): readonly Job[] {
  return [crossEraJob(options, 'modernOverLegacy'), crossEraJob(options, 'legacyOverModern')]
}
