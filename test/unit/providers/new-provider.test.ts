import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../../helpers/temporary-directory.ts'
import { make } from '../../tools/generators/providers-index.ts'
import { newProvider } from '../../tools/new-provider.ts'

describe('a new provider', () => {
  it('is the template under its own id', async () => {
    const folder = await temporaryDirectory()
    const target = await newProvider('acme', folder)
    const text = await readFile(join(target, 'index.ts'), 'utf8')
    expect(text).toContain("id: 'acme'")
    expect(text).toContain("title: 'Acme'")
    expect(text).not.toMatch(/template/i)
  })

  it.each(['', 'Acme', '../acme', 'a/b', '_template', 'x'.repeat(40)])('is not made for the id %j', async (id) => {
    const folder = await temporaryDirectory()
    await expect(newProvider(id, folder)).rejects.toThrow(/An id is/)
    expect(await readdir(folder)).toEqual([])
  })

  it('does not replace one that exists', async () => {
    const folder = await temporaryDirectory()
    await newProvider('other', folder)
    await expect(newProvider('other', folder)).rejects.toThrow(/exist/)
  })
})

describe('the list of providers', () => {
  it('names every folder, and not the template', async () => {
    const text = await make()
    expect(text).toContain("import http from './http/index.ts'")
    expect(text).not.toContain('_template')
  })
})
