import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { httpFixture } from './fixture/http.ts'
import { type Reach, startGateway } from './gateway.ts'
import { requiredScenarios, type Revision, runSuite, type Scenario, type SuiteRun } from './suite.ts'

export type Part = 'server' | 'client' | 'crossEra'

/** One run of the suite against one system: what it is called in the report, and how it is done. */
export interface Job {
  readonly part: Part
  readonly revision: Revision
  /** What of the part: the transport to the fixture, a direction, or a client scenario. */
  readonly over: string
  readonly run: () => Promise<SuiteRun>
}

export interface JobResult extends Omit<Job, 'run'> {
  readonly scenarios: readonly Scenario[]
  /** Of runs with expected failures: what is not as expected. Empty when all is. */
  readonly surprises?: readonly string[]
}

export interface JobOptions {
  readonly node: string
  readonly scenario: string | undefined
}

const ADAPTER = '"$CONFORMANCE_NODE" --import tsx test/conformance/client-adapter.ts'
const EXPECTED = join(import.meta.dirname, 'expected-failures')

/** The server set of a revision against a URL. */
export const urlJob = (options: JobOptions, revision: Revision, over: string, url: string): Job => ({
  part: 'server',
  revision,
  over,
  run: () => serverRun(options, revision, url),
})

/** The server set of a revision against our own fixture, with no gateway between. */
export const directJob = (options: JobOptions, revision: Revision): Job => ({
  part: 'server',
  revision,
  over: 'direct',
  run: () => withFixture('dual', (url) => serverRun(options, revision, url)),
})

/** The server set of a revision through the gateway, which reaches the fixture over HTTP or stdio. */
export const gatewayJob = (options: JobOptions, revision: Revision, over: 'http' | 'stdio'): Job => ({
  part: 'server',
  revision,
  over,
  run: () =>
    over === 'stdio'
      ? withGateway({ stdio: 'dual' }, (url) => serverRun(options, revision, url))
      : withFixture('dual', (url) => withGateway({ url }, (gateway) => serverRun(options, revision, gateway))),
})

/** The server set of one era through the gateway, in front of a fixture that speaks only the other. */
export function crossEraJob(options: JobOptions, over: 'modernOverLegacy' | 'legacyOverModern'): Job {
  const isModern = over === 'modernOverLegacy'
  const revision = isModern ? '2026-07-28' : '2025-11-25'
  const expected = [
    '--expected-failures',
    join(EXPECTED, isModern ? 'modern-over-legacy.yml' : 'legacy-over-modern.yml'),
  ]
  return {
    part: 'crossEra',
    revision,
    over,
    run: () =>
      withFixture(isModern ? 'legacy' : 'modern', (url) =>
        withGateway({ url }, (gateway) => serverRun(options, revision, gateway, expected)),
      ),
  }
}

/** One client scenario: the suite serves, our MCP source calls. */
export const clientJob = ({ node }: JobOptions, revision: Revision, scenario: string): Job => ({
  part: 'client',
  revision,
  over: scenario,
  run: () =>
    withDirectory((output) =>
      runSuite({
        node,
        args: [
          'client',
          '--command',
          ADAPTER,
          '--scenario',
          scenario,
          '--spec-version',
          revision,
          '--timeout',
          '60000',
        ],
        output,
        required: [scenario],
        env: { CONFORMANCE_NODE: process.execPath },
      }),
    ),
})

/** What clients must pass; those named `auth/…` sign in first. */
export const clientScenarios = (revision: Revision): readonly string[] => requiredScenarios(revision, 'client')

function serverRun({ node, scenario }: JobOptions, revision: Revision, url: string, more: readonly string[] = []) {
  const required = requiredScenarios(revision, 'server')
  const which =
    scenario === undefined ? ['--requirements', revision] : ['--scenario', scenario, '--spec-version', revision]
  return withDirectory((output) =>
    runSuite({
      node,
      args: ['server', '--url', url, ...which, ...more],
      output,
      required: scenario === undefined ? required : required.filter((name) => name === scenario),
    }),
  )
}

async function withFixture<T>(eras: Parameters<typeof httpFixture>[0], work: (url: string) => Promise<T>): Promise<T> {
  const fixture = await httpFixture(eras)
  try {
    return await work(fixture.url)
  } finally {
    await fixture.close()
  }
}

async function withGateway<T>(reach: Reach, work: (url: string) => Promise<T>): Promise<T> {
  const gateway = await startGateway(reach)
  try {
    return await work(gateway.url)
  } finally {
    await gateway.close()
  }
}

async function withDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-conformance-out-'))
  try {
    return await work(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
