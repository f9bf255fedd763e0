import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle } from './bundle.ts'

const root = join(import.meta.dirname, '../..')

await rm(join(root, 'dist'), { recursive: true, force: true })
await bundle(root)
