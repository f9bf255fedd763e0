import * as z from 'zod'
import type { Need } from '../admin/authority.ts'
import { type Json, type JsonObject, isJsonObject } from '../kernel/json.ts'
import { type ErrorCode, PROBLEMS } from '../kernel/problem.ts'
import type { AnswerSpec, Route } from './route.ts'

export interface OpenApiOptions {
  /** The product's version. */
  readonly version: string
}

type Spec = Route['spec']

const PROBLEM_MEDIA = 'application/problem+json'

/** What any route may answer that asks who is there. */
const USUAL: readonly ErrorCode[] = ['invalid_request', 'unauthenticated', 'forbidden', 'not_found', 'internal']

const WHO: Readonly<Record<Need, string>> = {
  anyone: 'Open to anyone.',
  caller: 'For whoever proves who they are.',
  agent: 'For agents, with their own credential.',
  viewer: 'For people with any role.',
  auditor: 'For auditors and admins.',
  approver: 'For approvers and admins.',
  admin: 'For admins.',
}

/** The OpenAPI 3.1 description of these routes, from the very schemas that validate their requests. */
export function openApiDocument(routes: readonly Route[], { version }: OpenApiOptions): JsonObject {
  const schemas: Record<string, Json> = { Problem: problemSchema() }
  const paths: Record<string, Record<string, Json>> = {}
  for (const { spec } of routes) {
    const operations = (paths[`/api${spec.path}`] ??= {})
    operations[spec.method] = toOperation(spec, schemas)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Gatehouse',
      version,
      description: 'The API of admins, approvers and auditors, and of callers that do not speak MCP.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ spec }) => spec.tag))].toSorted().map((name) => ({ name })),
    security: [{ bearer: [] }],
    paths: sorted(paths),
    components: {
      schemas: sorted(schemas),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description:
            "A person's key (ghp_…), an agent's key (gh_…), an access token of the identity provider, or the token of the lock file.",
        },
      },
    },
  }
}

function toOperation(spec: Spec, schemas: Record<string, Json>): JsonObject {
  const id = operationId(spec)
  const parameters = [...pathParameters(spec), ...queryParameters(spec, id, schemas), ...headerParameters(spec)]
  return {
    operationId: id,
    summary: spec.summary,
    description: WHO[spec.needs],
    tags: [spec.tag],
    'x-needs': spec.needs,
    ...(spec.needs === 'anyone' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(spec.body && {
      requestBody: {
        required: !spec.body.safeParse({}).success,
        content: { 'application/json': { schema: toSchema(spec.body, 'input', id, schemas) } },
      },
    }),
    responses: { ...answers(spec, id, schemas), ...problems(spec) },
  }
}

/** `post /agents/{id}/keys` is `postAgentsIdKeys`: stable as long as the address is. */
export const operationId = ({ method, path }: Pick<Spec, 'method' | 'path'>): string =>
  method +
  path
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

const pathParameters = ({ path }: Spec): readonly JsonObject[] =>
  [...path.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1, maxLength: 1000 },
  }))

function queryParameters({ query }: Spec, id: string, schemas: Record<string, Json>): readonly JsonObject[] {
  if (!query) return []
  const { properties, required } = toSchema(query, 'input', id, schemas)
  const needed = Array.isArray(required) ? required : []
  return Object.entries(isJsonObject(properties) ? properties : {}).map(([name, schema = {}]) => ({
    name,
    in: 'query',
    required: needed.includes(name),
    ...(isJsonObject(schema) && typeof schema['description'] === 'string' && { description: schema['description'] }),
    schema,
  }))
}

function headerParameters({ ifMatch, creates }: Spec): readonly JsonObject[] {
  const header = (name: string, required: boolean, description: string): JsonObject => ({
    name,
    in: 'header',
    required,
    description,
    schema: { type: 'string', maxLength: 255 },
  })
  return [
    ...(ifMatch ? [header('If-Match', ifMatch === 'required', 'The ETag of the version that is meant.')] : []),
    ...(creates === true
      ? [header('Idempotency-Key', false, 'The same key and body within 24 hours get the same answer.')]
      : []),
  ]
}

const answers = (spec: Spec, id: string, schemas: Record<string, Json>): JsonObject =>
  Object.fromEntries(Object.entries(spec.answers).map(([status, answer]) => [status, toAnswer(answer, id, schemas)]))

const toAnswer = (
  { description, schema, mediaType }: AnswerSpec,
  id: string,
  all: Record<string, Json>,
): JsonObject => ({
  description,
  ...((schema ?? mediaType) && {
    content: { [mediaType ?? 'application/json']: schema ? { schema: toSchema(schema, 'output', id, all) } : {} },
  }),
})

/** One entry for each status, whose description names the codes that have it. */
function problems(spec: Spec): JsonObject {
  const byStatus = new Map<number, readonly ErrorCode[]>()
  for (const code of problemCodes(spec)) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
        content: { [PROBLEM_MEDIA]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  )
}

function problemCodes({ needs, body, ifMatch, creates, problems = [] }: Spec): ReadonlySet<ErrorCode> {
  const open: readonly ErrorCode[] = ['unauthenticated', 'forbidden']
  return new Set<ErrorCode>([
    ...USUAL.filter((code) => needs !== 'anyone' || !open.includes(code)),
    ...(body ? (['payload_too_large', 'unsupported_media_type'] as const) : []),
    ...(ifMatch ? (['version_conflict'] as const) : []),
    ...(ifMatch === 'required' ? (['precondition_required'] as const) : []),
    ...(creates === true ? (['idempotency_conflict'] as const) : []),
    ...problems,
  ])
}

const problemSchema = (): JsonObject => ({
  type: 'object',
  description: 'RFC 9457. `code` is for programs, `detail` says what happened and what to do.',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string', enum: Object.keys(PROBLEMS).toSorted() },
    data: { type: 'object' },
  },
})

/** JSON Schema of a zod schema; what it names stands among the components, under the operation's name when it is not named. */
function toSchema(schema: z.ZodType, io: 'input' | 'output', id: string, schemas: Record<string, Json>): JsonObject {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }) as JsonObject
  const { $schema: _dialect, $defs = {}, ...rest } = made
  const nameOf = (name: string): string => (name.startsWith('__') ? `${id}_${io}${name}` : name)
  for (const [name, definition] of Object.entries($defs as JsonObject)) {
    if (definition !== undefined) schemas[nameOf(name)] = withRefs(definition, nameOf)
  }
  return withRefs(rest, nameOf) as JsonObject
}

const DEFS = '#/$defs/'

/** References to definitions of the schema become references to components. */
function withRefs(value: Json, nameOf: (name: string) => string): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withRefs(item, nameOf))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member = null]) => [
      key,
      key === '$ref' && typeof member === 'string' && member.startsWith(DEFS)
        ? `#/components/schemas/${nameOf(member.slice(DEFS.length))}`
        : withRefs(member, nameOf),
    ]),
  )
}

const sorted = <T>(members: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)))
