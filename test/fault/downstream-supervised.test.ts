import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { memoryDefinitions } from '../../src/sources/definitions.ts'
import { mcpConnector } from '../../src/sources/mcp-connector.ts'
import type { McpDeps, McpTransport } from '../../src/sources/mcp-spec.ts'
import { realSchedule } from '../../src/sources/schedule.ts'
import { supervise, type Supervisor } from '../../src/sources/supervisor.ts'
import { temporaryDirectory } from '../helpers/temporary-directory.ts'
import { anExchange, fixture, mcpDeps, textOf } from '../unit/sources/mcp-fixture.ts'

/** The real supervisor over real processes; `random` 0 makes every backoff end at once. */
function supervised(transports: Record<string, McpTransport>, deps: McpDeps = mcpDeps({ graceMs: 100 })): Supervisor {
  const supervisor = supervise({
    clock: Date.now,
    schedule: realSchedule,
    random: () => 0.01,
    definitions: memoryDefinitions(),
    log: () => undefined,
  })
  onTestFinished(() => supervisor.close())
  supervisor.apply(
    Object.entries(transports).map(([slug, transport]) => ({
      slug,
      provider: 'mcp',
      enabled: true,
      fingerprint: slug,
      connector: () =>
        mcpConnector({ connection: slug, transport, trustAnnotations: false, timeouts: { connectMs: 2_000 } }, deps),
    })),
  )
  return supervisor
}

const statusOf = (supervisor: Supervisor, slug: string) =>
  supervisor.statuses().find(({ connection }) => connection === slug)
const call = (supervisor: Supervisor, slug: string, name: string) =>
  supervisor.sources().get(slug)?.callTool(name, {}, anExchange())

describe('the supervisor over real processes', () => {
  it('keeps good connections untouched by every kind of bad one', async () => {
    const bad = ['silent', 'garbage', 'exit-at-once', 'flood']
    const supervisor = supervised({
      ...Object.fromEntries(bad.map((manner) => [manner, fixture(manner)])),
      good: fixture('fine'),
    })
    await vi.waitFor(() => expect(statusOf(supervisor, 'good')?.state).toBe('active'), 5_000)
    await vi.waitFor(
      () => expect(statusOf(supervisor, 'exit-at-once')?.reason).toMatch(/exit code 1\).*no such folder/s),
      5_000,
    )
    const answer = await call(supervisor, 'good', 'echo')
    expect(answer && textOf(answer)).toBe('{}')
    await expect(call(supervisor, 'exit-at-once', 'echo')).rejects.toMatchObject({ code: 'connection_unusable' })
  })

  it('brings a flapping server back when it stays up', async () => {
    const directory = await temporaryDirectory()
    const supervisor = supervised({ flapping: fixture('flapping', {}, join(directory, 'starts')) })
    await vi.waitFor(() => expect(statusOf(supervisor, 'flapping')?.state).toBe('active'), { timeout: 5_000 })
    await rm(directory, { recursive: true })
  })

  it('reconnects after a crash, keeps the tools listed meanwhile, and takes over a changed list', async () => {
    const supervisor = supervised({ good: fixture('fine') })
    await vi.waitFor(() => expect(statusOf(supervisor, 'good')?.state).toBe('active'), { timeout: 10_000 })
    const tools = supervisor.tools().get('good')?.tools.length ?? 0
    await expect(call(supervisor, 'good', 'exit')).rejects.toMatchObject({ code: 'upstream_failed' })
    expect(supervisor.tools().get('good')?.tools).toHaveLength(tools)
    await vi.waitFor(() => expect(statusOf(supervisor, 'good')?.state).toBe('active'), { timeout: 5_000 })
    await call(supervisor, 'good', 'grow')
    await vi.waitFor(() => expect(supervisor.tools().get('good')?.tools).toHaveLength(tools + 1), { timeout: 10_000 })
  })
})
