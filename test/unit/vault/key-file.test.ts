import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { addKeyToFile, loadOrCreateKeyFile } from '../../../src/vault/key-file.ts'
import { temporaryDirectory } from '../../helpers/temporary-directory.ts'

describe('a key file', () => {
  it('is made when there is none, for its owner only, and read from then on', async () => {
    const path = join(await temporaryDirectory(), 'new', 'vault.key')
    const [key] = await loadOrCreateKeyFile(path)
    expect(key?.state).toBe('active')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(path, '..'))).toEqual(['vault.key'])
    expect(await readFile(path, 'utf8')).toBe(`${key?.key.reveal().toString('base64')}\n`)
    expect((await loadOrCreateKeyFile(path))[0]?.key.reveal()).toEqual(key?.key.reveal())
  })

  it('is made once by many at the same time', async () => {
    const path = join(await temporaryDirectory(), 'vault.key')
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateKeyFile(path)))
    expect(new Set(keys.map(([key]) => key?.kid)).size).toBe(1)
    expect(await readdir(join(path, '..'))).toEqual(['vault.key'])
  })

  it('takes a new key in front of the old ones, which still open what they sealed', async () => {
    const path = join(await temporaryDirectory(), 'vault.key')
    const [old] = await loadOrCreateKeyFile(path)
    const keys = await addKeyToFile(path)
    expect(keys.map(({ state }) => state)).toEqual(['active', 'decrypt-only'])
    expect(keys[1]?.kid).toBe(old?.kid)
    expect((await loadOrCreateKeyFile(path)).map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid))
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(path, '..'))).toEqual(['vault.key'])
    for (let n = keys.length; n < 20; n++) await addKeyToFile(path)
    await expect(addKeyToFile(path)).rejects.toMatchObject({ code: 'config_invalid' })
  })

  it.skipIf(process.platform === 'win32').each([0o604, 0o640, 0o660, 0o644])(
    'is refused when others may read it (mode %o), with what to do',
    async (mode) => {
      const path = join(await temporaryDirectory(), 'vault.key')
      await writeFile(path, randomBytes(32).toString('base64'))
      await chmod(path, mode)
      await expect(loadOrCreateKeyFile(path)).rejects.toMatchObject({
        code: 'config_invalid',
        message: `Others may read the key file ${path} (mode ${mode.toString(8)}). Run \`chmod 600 ${path}\`; when others could have read it, rotate the key.`,
      })
    },
  )

  it.each(['', 'no key', 'x'.repeat(1000), Buffer.alloc(32).toString('base64')])(
    'is never replaced when it holds no key: %j',
    async (text) => {
      const path = join(await temporaryDirectory(), 'vault.key')
      await writeFile(path, text, { mode: 0o600 })
      await expect(loadOrCreateKeyFile(path)).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringContaining(`The key file ${path} cannot be used:`),
      })
      expect(await readFile(path, 'utf8')).toBe(text)
    },
  )

  it('is not a directory', async () => {
    const path = join(await temporaryDirectory(), 'vault.key')
    await mkdir(path, { mode: 0o700 })
    await expect(loadOrCreateKeyFile(path)).rejects.toMatchObject({ code: 'config_invalid' })
  })
})
