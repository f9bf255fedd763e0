import { type ParseOptions, parseConfig } from '../../../src/config/parse-config.ts'
import type { Config } from '../../../src/config/schema.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'

type Options = Partial<Omit<ParseOptions, 'path' | 'readFile'>> & { readonly files?: Readonly<Record<string, string>> }

/** Parses a text as `gateway.config.json` of the folder `/house`, with files that exist only here. */
export const parse = (text: string, { env = {}, files = {} }: Options = {}): Promise<Config> =>
  parseConfig(text, { path: '/house/gateway.config.json', env, readFile: readFrom(files) })

const readFrom = (files: Readonly<Record<string, string>>) => (path: string) => {
  const text = files[path]
  return text === undefined ? Promise.reject(Object.assign(new Error(), { code: 'ENOENT' })) : Promise.resolve(text)
}

/** A configuration with these members besides the organisation. */
export const withMembers = (members: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ organisation: 'acme', ...members })

/** What is wrong with a text, without the folder. */
export async function problemsOf(text: string, options: Options = {}): Promise<readonly string[]> {
  const error: unknown = await parse(text, options).then(
    () => new Error('The configuration was accepted.'),
    (refusal: unknown) => refusal,
  )
  if (!(error instanceof GatewayError) || error.code !== 'config_invalid') throw error
  return error.message.split('\n').map((line) => line.replace('/house/gateway.config.json:', ''))
}
