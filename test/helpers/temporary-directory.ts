import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory for one test, gone when the test is. Call it inside of a test or a `beforeEach`-free helper. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}
