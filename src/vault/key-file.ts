import { randomBytes } from 'node:crypto'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import { KEY_BYTES } from './envelope.ts'
import { parseKey, type VaultKey } from './key.ts'

/** A key and a newline are 45 bytes; what is longer is something else. */
const MAX_KEY_FILE_BYTES = 128

/**
 * The key in a file, made with random bytes when there is none; of several processes at once one makes it and all use
 * it. Mode 0600, in a directory of 0700. Throws GatewayError `config_invalid` when others can read the file or when it
 * holds no key: a key that leaked or broke is never replaced silently, it may be the only one that opens what is stored.
 */
export async function loadOrCreateKeyFile(path: string): Promise<VaultKey> {
  try {
    return (await load(path)) ?? (await create(path))
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const detail = `The key file ${path} cannot be used. Check that its directory belongs to the user that runs the gateway.`
    throw new GatewayError('config_invalid', detail, { cause: error })
  }
}

async function load(path: string): Promise<VaultKey | undefined> {
  const file = await openIfThere(path)
  if (!file) return undefined
  try {
    // Of the open file, so that nobody can swap it between the look and the read.
    const { mode, uid, size } = await file.stat()
    checkOwner(path, mode, uid)
    if (size > MAX_KEY_FILE_BYTES) throw unusable(path, `it has ${size} bytes`)
    return parse(path, await file.readFile('utf8'))
  } finally {
    await file.close()
  }
}

function parse(path: string, text: string): VaultKey {
  try {
    return parseKey(new Secret(text.replace(/\r?\n$/, '')))
  } catch (error) {
    throw unusable(path, error instanceof GatewayError ? error.message : 'it holds no key')
  }
}

function checkOwner(path: string, mode: number, uid: number): void {
  if (process.platform === 'win32') return
  if ((mode & 0o077) !== 0) {
    const detail = `Others may read the key file ${path} (mode ${(mode & 0o777).toString(8)}). Run \`chmod 600 ${path}\`; when others could have read it, rotate the key.`
    throw new GatewayError('config_invalid', detail)
  }
  const self = process.getuid?.()
  if (self !== undefined && self !== 0 && uid !== self && uid !== 0) {
    throw new GatewayError(
      'config_invalid',
      `The key file ${path} belongs to another user. Run \`chown ${self} ${path}\`.`,
    )
  }
}

/** A whole file appears under the name or none (write aside, then link); who comes second reads the first one's key. */
async function create(path: string): Promise<VaultKey> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const candidate = `${path}.${process.pid}.${randomBytes(8).toString('hex')}.tmp`
  const file = await open(candidate, 'wx', 0o600)
  try {
    await file.writeFile(`${newKey()}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(candidate, path)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  } finally {
    await unlink(candidate)
  }
  await syncDirectory(dirname(path))
  const key = await load(path)
  if (!key) throw unusable(path, 'it vanished while it was made')
  return key
}

function newKey(): string {
  return randomBytes(KEY_BYTES).toString('base64')
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function openIfThere(path: string): Promise<Awaited<ReturnType<typeof open>> | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

const unusable = (path: string, why: string): GatewayError =>
  new GatewayError(
    'config_invalid',
    `The key file ${path} cannot be used: ${why} Put the right key back; only without any stored secrets may it be deleted.`,
  )
