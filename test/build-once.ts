import { join } from 'node:path'
import { bundle } from './tools/bundle.ts'

/**
 * Makes the product once for the tests that run it as processes: they test what is shipped, and each of hundreds of commands
 * starts in a fraction of the time.
 */
export default function buildOnce(): Promise<void> {
  return bundle(join(import.meta.dirname, '../node_modules/.gatehouse-built'))
}
