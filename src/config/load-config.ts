import { readFile } from 'node:fs/promises'
import { GatewayError } from '../kernel/errors.ts'
import type { Variables } from './env.ts'
import { parseConfig } from './parse-config.ts'
import type { Config } from './schema.ts'

export interface LoadOptions {
  readonly path: string
  readonly env: Variables
}

/** Reads and parses the file. Rejects with GatewayError `config_invalid` when it cannot be read or is not right. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  return parseConfig(await readConfigText(options.path), { ...options, readFile: readTextFile })
}

export async function readConfigText(path: string): Promise<string> {
  try {
    return await readTextFile(path)
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

export const readTextFile = (path: string): Promise<string> => readFile(path, 'utf8')

function unreadable(path: string, cause: unknown): GatewayError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason'
  const detail =
    code === 'ENOENT'
      ? `There is no configuration at ${path}. Name one with --config or GATEHOUSE_CONFIG.`
      : `The configuration at ${path} cannot be read (${code}).`
  return new GatewayError('config_invalid', detail, { cause })
}
