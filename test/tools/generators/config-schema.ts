import { format } from 'oxfmt'
import { configJsonSchema } from '../../../src/config/json-schema.ts'

/** Where the generated text is committed, from the top of the repository. */
export const path = 'src/config/gateway.config.schema.json'

/** The JSON Schema of `gateway.config.json`, laid out as the formatter wants it. */
export async function make(): Promise<string> {
  const { code, errors } = await format(path, JSON.stringify(configJsonSchema()), { printWidth: 120 })
  if (errors.length > 0) throw new Error(`The schema cannot be formatted: ${errors[0]?.message}`)
  return code
}
