// What the servers of the soak offer: everything that they say has the caller's canary in it.
const object = (properties = {}) => ({ type: 'object', properties })
const inputSchema = object({ canary: { type: 'string' }, n: { type: 'number' } })

export const OFFER = {
  capabilities: { tools: {}, resources: {} },
  tools: ['echo', 'progress', 'ask'].map((name) => ({ name, inputSchema, annotations: { readOnlyHint: true } })),
  resourceTemplates: [{ uriTemplate: 'soak://{canary}', name: 'canary' }],
}

export const echoed = (canary, n) => ({
  content: [{ type: 'text', text: `${canary} ${n}` }],
  structuredContent: { canary, n, filling: canary.repeat(20) },
})

export const progressOf = (canary) => ({ progress: 1, total: 1, message: `for ${canary}` })

export const questionOf = (canary) => ({
  message: `Who are you, ${canary}?`,
  requestedSchema: object({ name: { type: 'string' } }),
})

export const answered = (canary, n, content) => ({ ...echoed(canary, n), _meta: { answer: content.name } })

export const read = (uri) => ({ contents: [{ uri, text: `text of ${uri}` }] })
