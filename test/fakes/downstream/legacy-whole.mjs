// A downstream MCP server of the legacy era that offers everything, on the v1 SDK. Run by itself it speaks stdio.
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import * as schemas from '@modelcontextprotocol/sdk/types.js'
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

/** `state.subscriptions` and `state.levels` tell what was asked for; `state.aborted` counts cancelled calls. */
export function legacyWhole(state = newState()) {
  const server = new Server(
    { name: 'legacy-whole', version: '1.0.0' },
    { capabilities: CAPABILITIES, instructions: 'Be gentle.' },
  )
  let prompts = PROMPTS
  const tools = {
    era: () => text('legacy'),
    capabilities: () => text(server.getClientCapabilities() ?? {}),
    elicit: (extra) => asked(extra, 'elicitation/create', QUESTION),
    // Without the call's own stream: over HTTP it travels on the stream of the session.
    aside: () =>
      server
        .request({ method: 'elicitation/create', params: QUESTION }, schemas.ElicitResultSchema)
        .then(text, refused),
    sample: (extra) => asked(extra, 'sampling/createMessage', SAMPLE),
    roots: (extra) => asked(extra, 'roots/list', undefined),
    async log(extra) {
      await extra.sendNotification({ method: 'notifications/message', params: { level: 'debug', data: 'hello' } })
      return text(state.levels)
    },
    async slow(extra) {
      const { progressToken } = extra._meta ?? {}
      for (const progress of [1, 2]) {
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 2 },
        })
      }
      return text('done')
    },
    async hang(extra) {
      await new Promise((resolve) => extra.signal.addEventListener('abort', resolve))
      state.aborted += 1
      return text('aborted')
    },
    async touch() {
      for (const uri of state.subscriptions) await server.sendResourceUpdated({ uri })
      return text(state.subscriptions)
    },
    async grow() {
      prompts = [...prompts, { name: `more_${prompts.length}` }]
      await server.sendPromptListChanged()
      return text(String(state.aborted))
    },
    aborted: () => text(String(state.aborted)),
  }
  const on = (schema, answer) => server.setRequestHandler(schema, answer)
  on(schemas.ListToolsRequestSchema, () => ({ tools: TOOLS }))
  on(schemas.CallToolRequestSchema, ({ params }, extra) => SAYINGS[params.name] ?? tools[params.name](extra))
  on(schemas.ListResourcesRequestSchema, ({ params }) => page('resources', RESOURCES, params?.cursor))
  on(schemas.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: TEMPLATES }))
  on(schemas.ListPromptsRequestSchema, ({ params }) => page('prompts', prompts, params?.cursor))
  on(schemas.ReadResourceRequestSchema, ({ params }) => read(params.uri))
  on(schemas.GetPromptRequestSchema, ({ params }) => prompt(params))
  on(schemas.CompleteRequestSchema, ({ params }) => complete(params))
  on(schemas.SetLevelRequestSchema, ({ params }) => ({ ...void state.levels.push(params.level) }))
  on(schemas.SubscribeRequestSchema, ({ params }) => ({ ...void state.subscriptions.push(params.uri) }))
  on(schemas.UnsubscribeRequestSchema, ({ params }) => {
    state.subscriptions = state.subscriptions.filter((uri) => uri !== params.uri)
    return {}
  })
  return server
}

export const newState = () => ({ subscriptions: [], levels: [], aborted: 0 })

const refused = ({ code, message }) => text({ error: { code, message } })

const asked = (extra, method, params) =>
  extra.sendRequest({ method, params }, schemas.ResultSchema.loose()).then(text, refused)

if (process.argv[1] === import.meta.filename) await legacyWhole().connect(new StdioServerTransport())
