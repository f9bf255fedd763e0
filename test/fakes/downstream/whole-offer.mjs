// What the whole fixtures of both eras offer, but for what only one era has.
const object = (properties = {}) => ({ type: 'object', properties })
export const QUESTION = { message: 'Who are you?', requestedSchema: object({ name: { type: 'string', 'x-kept': 1 } }) }
export const SAMPLE = { messages: [{ role: 'user', content: { type: 'text', text: 'Say hi' } }], maxTokens: 9 }

export const TOOLS = [
  'era',
  'capabilities',
  'elicit',
  'aside',
  'sample',
  'roots',
  'log',
  'slow',
  'hang',
  'touch',
  'grow',
  'aborted',
  'structured',
  'image',
  'link',
  'broken',
].map((name) => ({
  name,
  inputSchema: object(),
  ...(name === 'structured' && { outputSchema: object({ total: { type: 'number' } }) }),
}))
export const RESOURCES = [
  { uri: 'fake://note', name: 'note', mimeType: 'text/plain', 'x-vendor': { kept: true } },
  { uri: 'fake://clock', name: 'clock' },
]
export const TEMPLATES = [{ uriTemplate: 'fake://item/{id}', name: 'item' }]
export const PROMPTS = [{ name: 'greet', arguments: [{ name: 'who', required: true }], 'x-vendor': 1 }]

export const text = (value) => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
})

/** Tools that always say the same. */
export const SAYINGS = {
  structured: { ...text('{"total":2}'), structuredContent: { total: 2, 'x-more': [null, { ü: '😀' }] } },
  image: {
    content: [{ type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png', annotations: { audience: ['user'] } }],
  },
  link: { content: [{ type: 'resource_link', uri: 'fake://note', name: 'note', mimeType: 'text/plain' }] },
  broken: { ...text('It is broken. Try the other one.'), isError: true },
}

/** A page of one at a time, so that every list has pages. */
export function page(member, items, cursor) {
  const at = Number(cursor ?? 0)
  return { [member]: items.slice(at, at + 1), ...(at + 1 < items.length && { nextCursor: String(at + 1) }) }
}

export function read(uri) {
  const known = [...RESOURCES.map((resource) => resource.uri), 'fake://item/7']
  if (!known.includes(uri)) throw Object.assign(new Error(`No such resource: ${uri}`), { code: -32602, data: { uri } })
  return { contents: [{ uri, text: `text of ${uri}`, 'x-content': true }], 'x-read': 1 }
}

export const prompt = ({ name, arguments: input }) => ({
  messages: [{ role: 'user', content: { type: 'text', text: `${name} ${input?.who}`, 'x-block': true } }],
  'x-prompt': 1,
})

export const complete = ({ argument }) => ({
  completion: { values: [`${argument.value}a`, `${argument.value}b`], total: 2 },
})
