import { endingWith } from '../../src/kernel/ending.ts'
import { z } from 'zod'
import { createEgress } from '../../src/egress/egress.ts'
import type { Exchange } from '../../src/kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../../src/kernel/json.ts'
import type { Source } from '../../src/kernel/source.ts'
import type { SourceTool } from '../../src/kernel/tool.ts'
import type { McpClient } from '../../src/sources/mcp-auth-client.ts'
import { mcpConnector } from '../../src/sources/mcp-connector.ts'
import type { McpDeps } from '../../src/sources/mcp-spec.ts'
import { noLedger } from '../../src/sources/process-ledger.ts'
import { realSchedule } from '../../src/sources/schedule.ts'
import { memoryVerdicts } from '../../src/sources/verdicts.ts'
import { answerTo, sampleArguments } from './client-answers.ts'
import { signInAt, toConfigured } from './client-sign-in.ts'

/*
 * The program that the suite runs for a client scenario: our MCP source connects to the suite's mock server, as the
 * supervisor would have it, and a caller behind it uses every tool that the source offers.
 */
const url = new URL(z.string().parse(process.argv[2]))
const version = process.env['MCP_CONFORMANCE_PROTOCOL_VERSION'] ?? '2025-11-25'
const era = version === '2026-07-28' ? 'modern' : 'legacy'
const context = z
  .object({
    toolCalls: z.array(z.object({ name: z.string(), arguments: z.record(z.string(), z.json()) })).optional(),
    client_id: z.string().optional(),
    client_secret: z.string().optional(),
    issuer: z.string().optional(),
  })
  .parse(JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}'))
const wantsSignIn = process.env['MCP_CONFORMANCE_SCENARIO']?.startsWith('auth/') === true

const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, roots: {} }
const MAX_ROUNDS = 4

const egress = createEgress({ clock: Date.now })
const mcp: McpDeps = {
  clock: Date.now,
  schedule: realSchedule,
  env: {},
  fetch: (options) => egress.fetch(options),
  ...(wantsSignIn && { post: egress.post }),
  verdicts: memoryVerdicts(),
  ledger: noLedger,
  version: '0.0.0',
}
const signIn = wantsSignIn ? signInAt(url, configuredClient(), { ...mcp, allowPrivateNetwork: true }) : undefined
const connector = mcpConnector(
  {
    connection: 'suite',
    transport: { kind: 'http', url, headers: {}, fallbackToSse: true, allowPrivateNetwork: true },
    trustAnnotations: false,
    timeouts: { connectMs: 15_000, idleMs: 20_000 },
    ...(signIn && { auth: { credentials: signIn.credentials, ownership: 'shared' as const } }),
  },
  mcp,
)

try {
  await visit()
} finally {
  await egress.close()
}

/** Uses everything that the server offers; whenever it wants another credential, signs in and begins anew. */
async function visit(): Promise<void> {
  for (;;) {
    try {
      return await useAll()
    } catch (error) {
      if (!signIn) throw error
      await signIn.after(error)
    }
  }
}

async function useAll(): Promise<void> {
  const connected = await connector.connect(
    {
      onTools: () => undefined,
      onFeatures: () => undefined,
      onResourceUpdated: () => undefined,
      onLost: (error) => console.error(`lost: ${error.message}`),
    },
    AbortSignal.timeout(20_000),
  )
  try {
    for (const problem of connected.problems?.() ?? []) console.error(problem)
    for (const { name, input } of toCalls(connected.tools)) await use(connected.source, name, input)
  } finally {
    await connected.close()
  }
}

function configuredClient(): McpClient | undefined {
  const { client_id: id, client_secret: secret, issuer } = context
  return id !== undefined && secret !== undefined && issuer !== undefined ? toConfigured(id, secret, issuer) : undefined
}

function toCalls(tools: readonly SourceTool[]): readonly { readonly name: string; readonly input: JsonObject }[] {
  if (context.toolCalls) return context.toolCalls.map(({ name, arguments: input }) => ({ name, input }))
  return tools.map(({ definition }) => ({ name: definition.name, input: sampleArguments(definition, tools) }))
}

/** Calls a tool and answers what it asks, until it is done. A failure is told; only one of the credential is a reason to stop. */
async function use(source: Source, name: string, input: JsonObject): Promise<void> {
  try {
    let result = await source.callTool(name, input, exchange({}))
    for (let round = 1; result['resultType'] === 'input_required' && round <= MAX_ROUNDS; round += 1) {
      result = await source.callTool(name, input, exchange({ resumption: toResumption(result) }))
    }
    console.log(`${name}: ${JSON.stringify(result)}`)
  } catch (error) {
    if (signIn) throw error
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function toResumption(result: JsonObject): NonNullable<Exchange['resumption']> {
  const { inputRequests, requestState } = result
  const asked = isJsonObject(inputRequests) ? Object.entries(inputRequests) : []
  const answers = asked.map(([key, request]): [string, Json] => {
    const { method, params } = z.object({ method: z.string(), params: z.json().optional() }).parse(request)
    return [key, answerTo(method, isJsonObject(params) ? params : {})]
  })
  return {
    ...(asked.length > 0 && { inputResponses: Object.fromEntries(answers) }),
    ...(typeof requestState === 'string' && { requestState }),
  }
}

function exchange(more: Partial<Exchange>): Exchange {
  return {
    principal: {
      id: 'agent:suite',
      organisation: 'conformance',
      agent: 'suite',
      groups: [],
      claims: {},
      credential: 'loopback',
    },
    requestId: 'conformance',
    ending: endingWith(AbortSignal.timeout(30_000)),
    protocol: { era, version, capabilities: CAPABILITIES },
    ask: ({ method, params }) => Promise.resolve(answerTo(method, params)),
    ...more,
  }
}
