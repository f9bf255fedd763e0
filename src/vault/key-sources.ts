import { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import { keyFromCommand } from './key-command.ts'
import { loadKeyFile } from './key-file.ts'
import { parseKey, type VaultKey } from './key.ts'

/** Where a key comes from: a variable, a file with one key, or a program that prints it. All hold base64 of 32 bytes. */
export type KeySource =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly [string, ...string[]] }

export interface KeySetting {
  /** Its own fingerprint when left out. */
  readonly id?: string | undefined
  readonly source: KeySource
  readonly state: VaultKey['state']
}

/** Fetches the keys of a configuration. Throws GatewayError `config_invalid` that names the source, never the key. */
export async function loadKeys(
  settings: readonly KeySetting[],
  variable: (name: string) => Secret | undefined,
): Promise<readonly VaultKey[]> {
  return Promise.all(
    settings.map(async ({ id, source, state }) => ({ ...(await loadKey(source, id, variable)), state })),
  )
}

async function loadKey(
  source: KeySource,
  id: string | undefined,
  variable: (name: string) => Secret | undefined,
): Promise<VaultKey> {
  if ('command' in source) return parseKey(await keyFromCommand(source.command), id)
  if ('env' in source) {
    const value = variable(source.env)
    if (value) return parseKey(value, id)
    throw new GatewayError('config_invalid', `The variable ${source.env}, which holds an encryption key, is not set.`)
  }
  const [key, ...more] = await loadKeyFile(source.file)
  if (!key || more.length > 0) {
    throw new GatewayError(
      'config_invalid',
      `The key file ${source.file} must hold one key, as it is one of several sources.`,
    )
  }
  return id === undefined ? key : { ...key, kid: id }
}
