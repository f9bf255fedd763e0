import { randomBytes } from 'node:crypto'
import { link, mkdir, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import { KEY_BYTES } from './envelope.ts'
import { parseKey, type VaultKey } from './key.ts'

/** Keys of a file: the active one and those before it. */
const MOST_KEYS = 20
/** A key and its end of line are 46 bytes at most; what is longer is something else. */
const MAX_KEY_FILE_BYTES = MOST_KEYS * 46

/**
 * The keys in a file, one a line, the first of them active; made with random bytes when there is none; of several
 * processes at once one makes it and all use it. Mode 0600, in a directory of 0700. Throws GatewayError `config_invalid` when others can read the file or when it
 * holds no key: a key that leaked or broke is never replaced silently, it may be the only one that opens what is stored.
 */
export async function loadOrCreateKeyFile(path: string): Promise<readonly VaultKey[]> {
  return guarded(path, async () => (await load(path)) ?? (await create(path)))
}

/** The keys of a file that somebody else made. Throws GatewayError `config_invalid` like `loadOrCreateKeyFile`. */
export async function loadKeyFile(path: string): Promise<readonly VaultKey[]> {
  return guarded(path, async () => {
    const keys = await load(path)
    if (keys) return keys
    throw new GatewayError('config_invalid', `There is no key file ${path}. Create it, or correct the path.`)
  })
}

/**
 * Puts a new random key in front of those in the file, durably, and gives them all. What the others sealed can still be
 * opened. Throws GatewayError `config_invalid` like `loadOrCreateKeyFile`, and when the file is full.
 */
export async function addKeyToFile(path: string): Promise<readonly VaultKey[]> {
  return guarded(path, async () => {
    const before = (await load(path)) ?? []
    if (before.length >= MOST_KEYS) throw unusable(path, `it has ${MOST_KEYS} keys, and no room for another.`)
    const lines = [newKey(), ...before.map(({ key }) => key.reveal().toString('base64'))]
    const written = await writeAside(path, lines)
    await rename(written, path)
    await syncDirectory(dirname(path))
    return (await load(path)) ?? []
  })
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const detail = `The key file ${path} cannot be used. Check that its directory belongs to the user that runs the gateway.`
    throw new GatewayError('config_invalid', detail, { cause: error })
  }
}

async function load(path: string): Promise<readonly VaultKey[] | undefined> {
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

function parse(path: string, text: string): readonly VaultKey[] {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  try {
    return lines.map((line, index) => ({
      ...parseKey(new Secret(line)),
      state: index === 0 ? 'active' : 'decrypt-only',
    }))
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
async function create(path: string): Promise<readonly VaultKey[]> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const candidate = await writeAside(path, [newKey()])
  try {
    await link(candidate, path)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  } finally {
    await unlink(candidate)
  }
  await syncDirectory(dirname(path))
  const keys = await load(path)
  if (!keys) throw unusable(path, 'it vanished while it was made')
  return keys
}

async function writeAside(path: string, lines: readonly string[]): Promise<string> {
  const candidate = `${path}.${process.pid}.${randomBytes(8).toString('hex')}.tmp`
  const file = await open(candidate, 'wx', 0o600)
  try {
    await file.writeFile(lines.map((line) => `${line}\n`).join(''))
    await file.sync()
  } finally {
    await file.close()
  }
  return candidate
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
