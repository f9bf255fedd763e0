import type { Json, JsonObject } from '../kernel/json.ts'
import { allOf, no, unsure, type Failure, type RuleEffect, type Test } from './condition.ts'
import type { Constraint } from './condition-schema.ts'
import { scalarOperators, type Operator } from './operators.ts'
import { locate, parsePointer, stepInto } from './pointer.ts'

/** True when the value is valid for the JSON Schema. The caller of `compilePolicy` brings it. */
export type ValidateSchema = (schema: JsonObject, value: Json) => boolean

export interface ConstraintContext {
  readonly effect: RuleEffect
  readonly validateSchema: ValidateSchema | undefined
}

/** All characters that the scalar operators of one constraint look at in one call. */
const MAX_LIST_CHARACTERS = 100_000

/**
 * The test of one argument. In allow and require every item of a list must satisfy the scalar operators; in a deny one
 * item is enough, so that no harmless item beside it can lift the deny. An empty list satisfies nothing.
 * Throws an Error that says what is wrong with the constraint.
 */
export function compileConstraint(pointer: string, constraint: Constraint, context: ConstraintContext): Test<Json> {
  const tokens = parsePointer(pointer)
  const shown = pointer === '' ? 'the arguments' : pointer
  if (constraint.absent) return absence(tokens, shown)
  const test = allOf(valueTests(constraint, shown, context), context.effect)
  return (input) => {
    const located = locate(input, tokens)
    if (located.kind === 'found') return test(located.value)
    if (located.kind === 'missing' && constraint.optional) return undefined
    return unsure(`${shown} is missing and must be given`)
  }
}

function absence(tokens: readonly string[], shown: string): Test<Json> {
  return (input) => {
    const { kind } = locate(input, tokens)
    if (kind === 'missing') return undefined
    return kind === 'found' ? no(`${shown} must be left out`) : unsure(`${shown} must be left out`)
  }
}

function valueTests(constraint: Constraint, shown: string, context: ConstraintContext): readonly Test<Json>[] {
  const operators = scalarOperators(constraint)
  const { maxItems, schema } = constraint
  return [
    ...(maxItems === undefined ? [] : [atMostItems(maxItems, shown)]),
    ...(operators.length === 0 ? [] : [overItems(operators, shown, context.effect)]),
    ...(schema === undefined ? [] : [validFor(schema, shown, context.validateSchema)]),
  ]
}

const atMostItems =
  (most: number, shown: string): Test<Json> =>
  (value) => {
    if (!Array.isArray(value)) return unsure(`${shown} must be a list`)
    return value.length <= most ? undefined : no(`${shown} must have at most ${most} items`)
  }

function validFor(schema: JsonObject, shown: string, validate: ValidateSchema | undefined): Test<Json> {
  if (!validate)
    throw new Error(
      '`schema` cannot be used here, because no JSON Schema validator is at hand. Use the other operators.',
    )
  return (value) => (validate(schema, value) ? undefined : no(`${shown} must be valid for the schema of the rule`))
}

function overItems(operators: readonly Operator[], shown: string, effect: RuleEffect): Test<Json> {
  const test = allOf(operators, effect)
  const combine = effect === 'deny' ? anyItem : everyItem
  return (value) => {
    if (!isList(value)) return below(shown, test(value))
    if (value.length === 0) return unsure(`${shown} must have at least one item`)
    if (isOversized(value)) return unsure(`${shown} must have at most ${MAX_LIST_CHARACTERS} characters in all`)
    return combine(value, test, shown)
  }
}

const below = (pointer: string, failure: Failure | undefined): Failure | undefined =>
  failure && { note: `${pointer} ${failure.note}`, certain: failure.certain }

function everyItem(items: readonly Json[], test: Test<Json>, shown: string): Failure | undefined {
  for (const [index, item] of items.entries()) {
    const failure = test(item)
    if (failure) return below(stepInto(shown, index), failure)
  }
  return undefined
}

function anyItem(items: readonly Json[], test: Test<Json>, shown: string): Failure | undefined {
  let doubt: Failure | undefined
  for (const [index, item] of items.entries()) {
    const failure = test(item)
    if (!failure) return undefined
    if (!failure.certain) doubt ??= below(stepInto(shown, index), failure)
  }
  return doubt ?? no(`${shown} has nothing that the rule forbids`)
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const isOversized = (items: readonly Json[]): boolean =>
  items.reduce<number>((sum, item) => sum + (typeof item === 'string' ? item.length : 0), 0) > MAX_LIST_CHARACTERS
