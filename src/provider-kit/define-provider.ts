import { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject } from '../kernel/json.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Action, AuthMethod, Provider } from './provider.ts'

const MAX_DESCRIPTION = 500
const PROVIDER_ID = /^[a-z][a-z0-9_-]{0,30}$/
/** Verb first, so at least two words: `send_message`. */
const ACTION_ID = /^[a-z]+(?:_[a-z0-9]+)+$/
const EXAMPLE = /such as|e\.g\.|for example/i

/**
 * Checks a manifest when it is loaded and returns it. Throws `config_invalid` that lists everything that is wrong:
 * a provider that does not say what its actions do, need and keep is not loaded at all.
 */
export function defineProvider<const Manifest extends Provider>(manifest: Manifest): Manifest {
  const problems = [
    ...checkIdentity(manifest),
    ...checkAuth(manifest.auth),
    ...Object.entries(manifest.actions).flatMap(([id, action]) =>
      checkAction(id, action).map((problem) => `actions.${id}: ${problem}`),
    ),
  ]
  if (problems.length === 0) return manifest
  throw new GatewayError('config_invalid', `The provider "${manifest.id}" cannot be used:\n${toList(problems)}`, {
    data: { problems },
  })
}

const toList = (problems: readonly string[]): string => problems.map((problem) => `- ${problem}`).join('\n')

function checkIdentity({ id, title, docs, baseUrl, actions, headers = {} }: Provider): readonly string[] {
  return [
    ...unless(PROVIDER_ID.test(id), 'id: lower-case letters, digits, - and _, at most 31'),
    ...unless(title.length > 0, 'title: missing'),
    ...unless(URL.canParse(docs), 'docs: not a URL'),
    ...unless(
      baseUrl === undefined || isBaseUrl(baseUrl),
      'baseUrl: an https URL without query, user or slash at the end',
    ),
    ...unless(Object.keys(actions).length > 0, 'actions: there are none'),
    ...Object.entries(headers).flatMap(([name, value]) =>
      unless(/^[\w-]+$/.test(name) && !/\p{Cc}/u.test(value), `headers.${name}: not a header`),
    ),
  ]
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, search, hash, username, password } = new URL(text)
  return protocol === 'https:' && !text.endsWith('/') && !search && !hash && !username && !password
}

function checkAuth(auth: readonly AuthMethod[]): readonly string[] {
  const ids = auth.map((method) => method.id)
  return [
    ...unless(auth.length > 0, 'auth: name at least one method; none() when there is no credential'),
    ...unless(new Set(ids).size === ids.length, 'auth: two methods have the same id'),
    ...auth.flatMap(({ id, fields, inject, oauth }) => {
      const granted = oauth ? ['access_token', ...Object.keys(oauth.capture ?? {})] : []
      const known = new Set([...fields.map((field) => field.key), ...granted])
      return inject
        .flatMap(({ name, value }) => [...`${name} ${value}`.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? ''))
        .filter((key) => !known.has(key))
        .map((key) => `auth.${id}: {${key}} is none of its fields`)
    }),
  ]
}

function checkAction(id: string, action: Action): readonly string[] {
  const { title, description, docs, scopes, effect, idempotent } = action
  return [
    ...unless(ACTION_ID.test(id), 'the id must be a verb and what it is done to, in snake_case, such as send_message'),
    ...unless(title.length > 0, 'title: missing'),
    ...unless(
      description.length > 0 && description.length <= MAX_DESCRIPTION,
      `description: 1 to ${MAX_DESCRIPTION} characters`,
    ),
    ...unless(URL.canParse(docs), "docs: the vendor's page is missing"),
    ...unless(
      scopes.every((all) => all.length > 0),
      'scopes: an empty alternative asks for nothing; leave it out',
    ),
    ...unless(effect !== 'read' || idempotent, 'idempotent: reading twice is reading once'),
    ...checkInput(action.input),
    ...checkOutput(action.output),
  ]
}

function checkInput(input: z.ZodType): readonly string[] {
  const schema = schemaOf(input, 'input')
  if (!schema) return ['input: cannot be written as JSON Schema']
  if (schema['type'] !== 'object') return ['input: not an object']
  const properties = Object.entries((schema['properties'] ?? {}) as JsonObject)
  return [
    ...unless(schema['additionalProperties'] === false, 'input: use z.strictObject, so that a typo is an error'),
    ...properties.flatMap(([name, field]) => checkField(name, field as JsonObject)),
  ]
}

function checkField(name: string, field: JsonObject): readonly string[] {
  const { description } = field
  if (typeof description !== 'string' || !description) return [`input.${name}: describe it`]
  const speaksForItself = field['type'] === 'boolean' || field['enum'] !== undefined || field['const'] !== undefined
  return unless(
    speaksForItself || EXAMPLE.test(description),
    `input.${name}: give an example ("such as …") in its description`,
  )
}

function checkOutput(output: z.ZodType): readonly string[] {
  const schema = schemaOf(output, 'output')
  if (!schema) return ['output: cannot be written as JSON Schema']
  return unless(schema['type'] === 'object', 'output: structured results of MCP tools are objects')
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject | undefined {
  try {
    const json: unknown = z.toJSONSchema(schema, { io })
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

const unless = (holds: boolean, problem: string): readonly string[] => (holds ? [] : [problem])
