import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/kernel/secret.ts'
import { loadKeys } from '../../../src/vault/key-sources.ts'
import { temporaryDirectory } from '../../helpers/temporary-directory.ts'

const newText = (): string => randomBytes(32).toString('base64')
const node = (code: string): readonly [string, ...string[]] => [process.execPath, '-e', code]

describe('sources of keys', () => {
  it('are variables, files and programs', async () => {
    const [fromEnv, fromFile, fromProgram] = [newText(), newText(), newText()]
    const file = join(await temporaryDirectory(), 'old.key')
    await writeFile(file, `${fromFile}\n`, { mode: 0o600 })
    const keys = await loadKeys(
      [
        { id: 'now', source: { env: 'GATEWAY_KEY' }, state: 'active' },
        { id: 'before', source: { file }, state: 'decrypt-only' },
        { source: { command: node(`console.log(${JSON.stringify(fromProgram)})`) }, state: 'decrypt-only' },
      ],
      (name) => (name === 'GATEWAY_KEY' ? new Secret(fromEnv) : undefined),
    )
    expect(keys.map(({ key }) => key.reveal().toString('base64'))).toEqual([fromEnv, fromFile, fromProgram])
    expect(keys.map(({ kid, state }) => [kid, state])).toEqual([
      ['now', 'active'],
      ['before', 'decrypt-only'],
      [expect.stringMatching(/^k[0-9a-f]{12}$/), 'decrypt-only'],
    ])
  })

  it.each([
    ['a variable that is not set', { env: 'NOT_SET' }, 'The variable NOT_SET'],
    ['a file that is not there', { file: '/nowhere/key' }, 'There is no key file /nowhere/key'],
    ['a program that is not there', { command: ['/nowhere/program'] as const }, 'does not exist'],
    ['a program that fails', { command: node('process.exit(3)') }, 'ended with code 3'],
    ['a program that prints no key', { command: node('console.log("hello")') }, 'The encryption key'],
    ['a program that prints too much', { command: node('console.log("x".repeat(9000))') }, 'printed too much'],
  ] as const)('that cannot be used are named: %s', async (_, source, words) => {
    const failing = loadKeys([{ source, state: 'active' }], () => undefined)
    await expect(failing).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining(words) })
  })

  it('never tell what they gave', async () => {
    const text = newText()
    const source = {
      command: node(`console.log(${JSON.stringify(text)}); console.error(${JSON.stringify(text)}); process.exit(1)`),
    }
    const error: unknown = await loadKeys([{ source, state: 'active' }], () => undefined).catch(
      (caught: unknown) => caught,
    )
    expect(inspect(error, { depth: 9 })).not.toContain(text)
  })
})
