import fc from 'fast-check'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'

/** Scripts that join, turn and double, what ends lines in JavaScript, half of a pair, and no character at all. */
const STRANGE_WORDS = [
  'é',
  'é',
  '👩‍👩‍👧‍👦',
  '\u202Egnp.exe',
  '\u2028\u2029',
  '\uD800',
  '\uFFFE\u0000',
  '\uFEFF',
  'ß',
  '日本語',
  '  ',
  '',
]

export const words = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(...STRANGE_WORDS),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 128n }).map(String),
)

/** Keys that objects have by nature stand among them. `x-` keeps the others apart from what the protocol knows. */
const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => `x-${text}`),
  fc.constantFrom('x-vendor', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'x.y/z', '0', 'x-ß'),
)

const anything = fc.letrec<{ json: Json; list: Json; object: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<Json[]>(null, true, false, 0, -1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    words,
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('json'), { maxLength: 4 }),
  object: fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
}))

export const json = anything.json
/** An object of members that nobody knows. */
export const unknown = anything.object as fc.Arbitrary<JsonObject>

/** The members, some of them left out, and others beside them that nobody knows. */
export const known = (
  always: Record<string, fc.Arbitrary<Json>>,
  sometimes: Record<string, fc.Arbitrary<Json>> = {},
): fc.Arbitrary<JsonObject> =>
  fc
    .tuple(
      unknown,
      fc.record({ ...sometimes, ...always }, { requiredKeys: Object.keys(always), noNullPrototype: true }),
    )
    .map(([more, members]) => ({ ...more, ...(members as JsonObject) }))

const meta = unknown
const icons = fc.array(
  known({ src: fc.webUrl() }, { mimeType: fc.constant('image/png'), sizes: fc.constant(['any']) }),
  {
    maxLength: 2,
  },
)
const moment = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
  .map((date) => date.toISOString())
const annotations = known(
  {},
  { audience: fc.subarray(['user', 'assistant']), priority: fc.constantFrom(0, 0.5, 1), lastModified: moment },
)
const base64 = fc.base64String({ maxLength: 24 })
const uri = fc.constantFrom('note://1', 'https://example.org/a?b=c#d', 'urn:x:y', 'ui://widget/ü')
const contents = fc.oneof(
  known({ uri, text: words }, { mimeType: words, _meta: meta }),
  known({ uri, blob: base64 }, { mimeType: words, _meta: meta }),
)
const beside = { annotations, _meta: meta }

/** Every type of content that there is, and one that there is not. */
const block = fc.oneof(
  known({ type: fc.constant('text'), text: words }, beside),
  known({ type: fc.constant('image'), data: base64, mimeType: fc.constant('image/png') }, beside),
  known({ type: fc.constant('audio'), data: base64, mimeType: fc.constant('audio/wav') }, beside),
  known({ type: fc.constant('resource_link'), uri, name: words }, { ...beside, icons, size: fc.nat(), title: words }),
  known({ type: fc.constant('resource'), resource: contents }, beside),
  known({ type: fc.constant('x-hologram'), shape: json }, beside),
)

export const toolResult = known(
  { content: fc.array(block, { maxLength: 5 }) },
  { structuredContent: unknown, isError: fc.boolean(), _meta: meta },
)
export const resourceResult = known({ contents: fc.array(contents, { minLength: 1, maxLength: 3 }) }, { _meta: meta })
export const promptResult = known(
  { messages: fc.array(known({ role: fc.constantFrom('user', 'assistant'), content: block }), { maxLength: 3 }) },
  { description: words, _meta: meta },
)

const schema = known({
  type: fc.constant('object'),
  properties: fc.dictionary(
    words.filter((name) => name !== '__proto__'), // a definition with this key is not offered
    known({ type: fc.constantFrom('string', 'number', 'object') }, { description: words }),
    {
      maxKeys: 3,
      noNullPrototype: true,
    },
  ),
})
const shown = { title: words, description: words, icons, _meta: meta }

/** Definitions that differ in their names, which begin with a number each. */
const numbered = (
  one: fc.Arbitrary<JsonObject>,
  name: (at: number) => JsonObject,
): fc.Arbitrary<readonly JsonObject[]> =>
  fc.array(one, { minLength: 20, maxLength: 40 }).map((all) => all.map((item, at) => ({ ...item, ...name(at) })))

const hints = known({}, { readOnlyHint: fc.boolean(), destructiveHint: fc.boolean(), title: words })
export const lists = fc.record({
  tools: numbered(known({ inputSchema: schema }, { ...shown, outputSchema: schema, annotations: hints }), (at) => ({
    name: `tool_${at}`,
  })),
  resources: numbered(known({}, { ...shown, mimeType: words, size: fc.nat(), annotations }), (at) => ({
    uri: `verbatim://${at}/ü?x=${at}#y`,
    name: `resource ${at}`,
  })),
  resourceTemplates: numbered(known({}, { ...shown, mimeType: words, annotations }), (at) => ({
    uriTemplate: `verbatim-${at}://{id}`,
    name: `template ${at}`,
  })),
  prompts: numbered(
    known({}, { ...shown, arguments: fc.array(known({ name: words }, { required: fc.boolean() }), { maxLength: 2 }) }),
    (at) => ({ name: `prompt_${at}` }),
  ),
})
