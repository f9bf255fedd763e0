import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isJsonObject } from '../kernel/json.ts'
import type { Shell } from './shell.ts'

const DEFAULT_CONFIG = 'gateway.config.json'
const DEFAULT_STORE = '.gatehouse'

/** `--config`, else `GATEHOUSE_CONFIG`, else `gateway.config.json` here; absolute. */
export const configPathOf = (shell: Shell, option: string | undefined): string =>
  resolve(option ?? shell.env['GATEHOUSE_CONFIG'] ?? DEFAULT_CONFIG)

/**
 * Where the configuration keeps the store. Reads that one setting and judges nothing: a gateway that runs on its last
 * good configuration must be found although the file is broken now, or names variables that only the gateway has.
 */
export async function storeDirectoryOf(shell: Shell, configPath: string): Promise<string> {
  const text = await readFile(configPath, 'utf8').catch(() => '')
  const directory = dirname(configPath)
  const path = (pathIn(text) ?? DEFAULT_STORE)
    .replaceAll('${configDir}', directory)
    .replaceAll(/\$\{env:(\w+)\}/g, (_, name: string) => shell.env[name] ?? '')
  return resolve(directory, path)
}

function pathIn(text: string): string | undefined {
  const config = parsed(text)
  if (!isJsonObject(config)) return /"store"\s*:\s*\{\s*"path"\s*:\s*"([^"\\]+)"/.exec(text)?.[1]
  const { store } = config as { readonly store?: unknown }
  const path = isJsonObject(store) ? store['path'] : undefined
  return typeof path === 'string' ? path : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
