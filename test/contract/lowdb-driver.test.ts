import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { lowdbDriver } from '../../src/store/lowdb-driver.ts'
import { describeDriver } from './driver-contract.ts'

const directories: string[] = []
afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))))

describeDriver('lowdb', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  directories.push(directory)
  return lowdbDriver({ directory, clock: () => 0, owner: 'contract' })
})
