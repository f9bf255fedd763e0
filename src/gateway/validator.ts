import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { LRUCache } from 'lru-cache'
import { RE2JS } from 're2js'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { Tool } from '../kernel/tool.ts'

export interface Validator {
  /**
   * The arguments as one plain object that fits the tool's input schema: what is decided on and what is sent on.
   * Throws `invalid_input` with the pointer of every misfit.
   */
  parse(tool: Tool, input: unknown): JsonObject
  /** True when the value fits the schema. A schema that cannot be compiled fits nothing. */
  fits(key: string, schema: JsonObject, value: Json): boolean
}

/** Deeper arguments than this are refused: recursion over hostile depth overflows the stack. */
const MOST_DEPTH = 64
const MOST_ERRORS_SHOWN = 5
/** Compiled validators kept, by fingerprint. One takes about 20 kB. */
const MOST_VALIDATORS = 2_000

/** Validates with ajv: compiled on first use, nothing fetched, patterns in linear time. */
export function schemaValidator(): Validator {
  const compiled = new LRUCache<string, ValidateFunction | GatewayError>({ max: MOST_VALIDATORS })
  const validatorOf = (key: string, schema: JsonObject): ValidateFunction | GatewayError => {
    const kept = compiled.get(key) ?? compile(schema)
    compiled.set(key, kept)
    return kept
  }
  return {
    parse(tool, input) {
      assertPlain(input, '', 0)
      if (!isJsonObject(input))
        throw new GatewayError('invalid_input', `The arguments of ${tool.id} must be an object.`)
      const validate = validatorOf(tool.fingerprint, tool.definition.inputSchema)
      if (validate instanceof GatewayError) throw validate
      if (!validate(input)) throw misfit(tool, validate.errors ?? [])
      return input
    },
    fits(key, schema, value) {
      const validate = validatorOf(key, schema)
      return !(validate instanceof GatewayError) && validate(value)
    },
  }
}

/** An Ajv of its own for each schema: a shared one keeps every schema it ever saw, and confuses equal `$id`s. */
function compile({ $schema, ...schema }: JsonObject): ValidateFunction | GatewayError {
  const Engine = typeof $schema === 'string' && /draft-0[3-7]/.test($schema) ? Ajv : Ajv2020
  const ajv = new Engine({
    strict: false,
    meta: false,
    validateSchema: false,
    validateFormats: false,
    addUsedSchema: false,
    allErrors: false,
    logger: false,
    code: { regExp: linearRegExp },
  })
  try {
    return ajv.compile(schema)
  } catch (cause) {
    return new GatewayError(
      'upstream_invalid',
      'The input schema of this tool cannot be used, so its arguments cannot be checked. Ask an admin to look at the tool.',
      { cause },
    )
  }
}

/** Patterns come from upstream: RE2 runs them in linear time. What RE2 cannot express is left to the upstream to check. */
const linearRegExp = Object.assign(
  (pattern: string) => {
    const compiled = compilePattern(pattern)
    return {
      test: (text: string): boolean => compiled === undefined || compiled.matcher(text).find(),
      // Ajv tells patterns apart by this text.
      toString: (): string => `/${pattern}/u`,
    }
  },
  { code: 'linearRegExp' },
)

function compilePattern(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern)
  } catch {
    return undefined
  }
}

const POLLUTING = new Set(['__proto__', 'constructor', 'prototype'])

function assertPlain(value: unknown, pointer: string, depth: number): void {
  if (depth > MOST_DEPTH) {
    throw new GatewayError(
      'invalid_input',
      `The arguments are nested deeper than ${MOST_DEPTH} levels at ${pointer.slice(0, 100)}….`,
    )
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) assertPlain(item, `${pointer}/${index}`, depth + 1)
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (POLLUTING.has(key))
        throw new GatewayError('invalid_input', `The arguments may not have a member "${key}" (at ${pointer}/${key}).`)
      assertPlain(value[key], `${pointer}/${key}`, depth + 1)
    }
  }
}

function misfit(tool: Tool, errors: readonly ErrorObject[]): GatewayError {
  const found = errors.slice(0, MOST_ERRORS_SHOWN).map((error) => ({
    pointer: error.instancePath === '' ? '/' : error.instancePath,
    problem: describe(error),
  }))
  const list = found.map(({ pointer, problem }) => `${pointer} ${problem}`).join('; ')
  return new GatewayError(
    'invalid_input',
    `The arguments of ${tool.id} do not fit its schema: ${list}. Correct them and call again.`,
    {
      data: { errors: found },
    },
  )
}

function describe({ keyword, params, message }: ErrorObject): string {
  if (keyword === 'additionalProperties') return `must not have the property "${String(params['additionalProperty'])}"`
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params['allowedValues']).slice(0, 300)}`
  return message ?? `does not satisfy "${keyword}"`
}
