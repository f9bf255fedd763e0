import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { providers } from '../../providers/index.ts'
import { checkProvider } from '../../src/provider-kit/check-provider.ts'
import { bundle } from './bundle.ts'

const root = join(import.meta.dirname, '../..')

for (const provider of providers.values()) checkProvider(provider)
await rm(join(root, 'dist'), { recursive: true, force: true })
await bundle(root)
