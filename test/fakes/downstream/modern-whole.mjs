// A downstream MCP server that offers everything, on the v2 SDK. Run by itself it speaks stdio: argv[2] is modern or dual.
import { Server } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import {
  complete,
  page,
  prompt,
  PROMPTS,
  QUESTION,
  read,
  RESOURCES,
  SAMPLE,
  SAYINGS,
  TEMPLATES,
  text,
  TOOLS,
} from './whole-offer.mjs'

const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  completions: {},
  logging: {},
}
/** Some servers tell clients of the modern era less. */
const SHY = { tools: {}, resources: { listChanged: true }, prompts: {} }
const STATE = 'state of the server, {"as":"it is"}'

/** `state.notify` tells the listeners where that is not the server's own business. */
export function modernWhole(state, era = 'modern') {
  const isShy = state.isShy && era === 'modern'
  const server = new Server(
    { name: 'modern-whole', version: '1.0.0' },
    { capabilities: isShy ? SHY : CAPABILITIES, instructions: 'Be gentle.' },
  )
  const notify = (era === 'modern' && state.notify) || {
    promptsChanged: () => server.sendPromptListChanged(),
    resourceUpdated: (uri) => server.sendResourceUpdated({ uri }),
  }
  /** Asks in one round, and tells the next what came back: the answers, and the state. */
  const asking = (inputRequests) => (ctx) => {
    const { inputResponses } = ctx.mcpReq
    state.ids.push(ctx.mcpReq.id)
    if (inputResponses === undefined) return { resultType: 'input_required', inputRequests, requestState: STATE }
    return text({ inputResponses, isSame: ctx.mcpReq.requestState() === STATE })
  }
  const tools = {
    era: () => text(era),
    capabilities: (ctx) => text(ctx.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {}),
    elicit: asking({ who: { method: 'elicitation/create', params: QUESTION } }),
    aside: asking({ who: { method: 'elicitation/create', params: QUESTION } }),
    sample: asking({ said: { method: 'sampling/createMessage', params: SAMPLE } }),
    roots: asking({ roots: { method: 'roots/list' } }),
    async log(ctx) {
      await ctx.mcpReq.log('debug', 'hello')
      return text([])
    },
    async slow(ctx) {
      const { progressToken } = ctx.mcpReq._meta ?? {}
      for (const progress of [1, 2]) {
        await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 2 } })
      }
      return text('done')
    },
    async hang(ctx) {
      await new Promise((resolve) => ctx.mcpReq.signal.addEventListener('abort', resolve))
      state.aborted += 1
      return text('aborted')
    },
    async touch() {
      for (const { uri } of RESOURCES) await notify.resourceUpdated(uri)
      return text(state.subscriptions)
    },
    async grow() {
      state.prompts = [...state.prompts, { name: `more_${state.prompts.length}` }]
      await notify.promptsChanged()
      return text(String(state.aborted))
    },
    aborted: () => text(String(state.aborted)),
  }
  const on = (method, answer) => server.setRequestHandler(method, answer)
  on('tools/list', () => ({ tools: TOOLS }))
  on('tools/call', ({ params }, ctx) => SAYINGS[params.name] ?? tools[params.name](ctx))
  on('resources/list', ({ params }) => page('resources', RESOURCES, params?.cursor))
  on('resources/templates/list', () => ({ resourceTemplates: TEMPLATES }))
  on('prompts/list', ({ params }) => page('prompts', state.prompts, params?.cursor))
  on('resources/read', ({ params }) => read(params.uri))
  on('prompts/get', ({ params }) => prompt(params))
  if (!isShy) on('completion/complete', ({ params }) => complete(params))
  if (era === 'legacy') {
    on('logging/setLevel', () => ({}))
    on('resources/subscribe', () => ({}))
    on('resources/unsubscribe', () => ({}))
  }
  return server
}

export const newState = () => ({ prompts: PROMPTS, subscriptions: [], ids: [], aborted: 0, isShy: false })

if (process.argv[1] === import.meta.filename) {
  const state = newState()
  serveStdio(({ era }) => modernWhole(state, era), { legacy: process.argv[2] === 'dual' ? 'serve' : 'reject' })
}
