import { join } from 'node:path'

/** The compiled product's entry, made by `build-once.ts` before any test runs. */
export const BUILT_MAIN = join(import.meta.dirname, '../../node_modules/.gatehouse-built/dist/src/main.js')
