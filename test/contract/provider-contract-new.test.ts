import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import type { Provider } from '../../src/provider-kit/index.ts'
import { newProvider } from '../tools/new-provider.ts'
import { providerContract } from './provider-contract.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** A project with ours inside: a folder of this one would be left out by the linter's view of what belongs to it. */
const project = await realpath(await mkdtemp(join(tmpdir(), 'new-provider-')))
await symlink(join(root, 'node_modules'), join(project, 'node_modules'))
await symlink(join(root, 'src'), join(project, 'src'))
await copyFile(join(root, 'package.json'), join(project, 'package.json'))
await copyFile(join(root, 'tsconfig.json'), join(project, 'tsconfig.json'))
await mkdir(join(project, 'providers'))
const made = await newProvider('acme-mail', join(project, 'providers'))
const { default: provider } = (await import(join(made, 'index.ts'))) as { default: Provider }

afterAll(() => rm(project, { recursive: true, force: true }))

providerContract(provider)

describe('a new provider, as it was generated', () => {
  const tool = (name: string, ...args: readonly string[]): Promise<unknown> =>
    run(process.execPath, [join(root, 'node_modules', name), ...args], { cwd: project })

  it('has the types of a provider', async () => {
    await writeFile(join(project, 'tsconfig.providers.json'), '{"extends":"./tsconfig.json","include":["providers"]}')
    await expect(tool('typescript/bin/tsc', '-p', 'tsconfig.providers.json')).resolves.toMatchObject({ stdout: '' })
  })

  it('passes the linter and stands in the right form', async () => {
    const [lint, form] = [join(root, '.oxlintrc.json'), join(root, '.oxfmtrc.json')]
    await expect(
      tool('oxlint/bin/oxlint', '--type-aware', '--config', lint, '--deny-warnings', 'providers'),
    ).resolves.toMatchObject({ stdout: expect.stringMatching(/on [1-9][0-9]* files?/) as string })
    await expect(tool('oxfmt/bin/oxfmt', '--config', form, '--check', 'providers')).resolves.toMatchObject({
      stderr: '',
    })
  })

  it('is what it was asked to be', () => {
    expect([provider.id, provider.title, provider.auth.map(({ kind }) => kind)]).toEqual([
      'acme-mail',
      'Acme mail',
      ['oauth2', 'bearer'],
    ])
  })
})
