import { z } from 'zod'

/**
 * Arguments made of the examples in the fields' own descriptions ("such as …"), so that an example that would be refused
 * is found. Fields whose values the schema shows (booleans, enums) take the first.
 */
export function sampleInput(input: z.ZodType): {
  readonly sample: Record<string, unknown>
  readonly wrong: readonly string[]
} {
  const shape = input instanceof z.ZodObject ? (input.shape as Record<string, z.ZodType>) : {}
  const found = Object.entries(shape).map(([name, field]) => [name, exampleOf(field)] as const)
  return {
    sample: Object.fromEntries(found.filter(([, value]) => value !== undefined)),
    wrong: found.filter(([, value]) => value === undefined).map(([name]) => name),
  }
}

function exampleOf(field: z.ZodType): unknown {
  const { description = '', enum: shown = [] } = z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })
  const said = cutsOf(/(?:such as|e\.g\.|for example) (.+)$/is.exec(description)?.[1] ?? '')
  const candidates = [...said.flatMap(parsed), ...shown, true, ...said, ...said.map((text) => [text])]
  return candidates.find((value) => field.safeParse(value).success)
}

/** Where an example may end: before a space, a sign that ends a sentence, an aside, or at the end; the shortest first. */
const cutsOf = (text: string): readonly string[] =>
  [...[...text.matchAll(/[.;,:]?(?:\s|$)|[.]/g)].map((match) => match.index), text.length]
    .map((end) => text.slice(0, end).replaceAll('`', ''))
    .filter(Boolean)

function parsed(text: string): readonly unknown[] {
  try {
    return [JSON.parse(text) as unknown]
  } catch {
    return []
  }
}
