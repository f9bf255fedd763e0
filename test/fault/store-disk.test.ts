import { chmod, chown, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Change } from '../../src/store/driver.ts'
import { type LowdbDriver, lowdbDriver } from '../../src/store/lowdb-driver.ts'
import { type FailingFiles, failingFiles, type Step } from '../helpers/failing-files.ts'
import { temporaryDirectory } from '../helpers/temporary-directory.ts'

const STEPS: readonly (readonly [Step, string])[] = [
  ['open', 'EACCES'],
  ['write', 'ENOSPC'],
  ['sync', 'EIO'],
  ['rename', 'EROFS'],
]

/** `nobody`, where tests run as root: root may write everywhere. */
const NOBODY = 65_534

async function asNobodySpecial<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work()
  process.seteuid?.(NOBODY)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}

async function openOnFailingDisk(): Promise<{ directory: string; disk: FailingFiles; driver: LowdbDriver }> {
  const directory = await temporaryDirectory()
  const disk = failingFiles()
  const driver = await lowdbDriver({ directory, clock: () => 0, owner: 'test', files: disk.files })
  return { directory, disk, driver }
}

describe('a store whose disk refuses', () => {
  it.each(STEPS)(
    'rejects the put when %s fails with %s, shows the old value, and goes on when the disk is well',
    async (step, code) => {
      const { directory, disk, driver } = await openOnFailingDisk()
      await driver.put('agents', 'a', 'old')
      const before = await readFile(join(directory, 'store.json'), 'utf8')
      const changes: Change[] = []
      driver.watch('agents', (change) => changes.push(change))

      disk.failWhen((tried) => (tried === step ? code : undefined))
      const refused = { code: 'store_unavailable', message: expect.stringContaining(directory) }
      await expect(driver.put('agents', 'a', 'new')).rejects.toMatchObject(refused)
      await expect(driver.delete('agents', 'a')).rejects.toMatchObject(refused)
      expect(await driver.list('agents')).toEqual([{ id: 'a', version: 1, value: 'old' }])
      expect(await readFile(join(directory, 'store.json'), 'utf8')).toBe(before)

      disk.failWhen(() => undefined)
      expect(await driver.put('agents', 'a', 'new', { ifVersion: 1 })).toMatchObject({ version: 2 })
      expect(changes.map((change) => change.row?.value)).toEqual(['new'])
      await driver.close()
      expect(await readdir(directory)).toEqual(['store.json'])
    },
  )

  it('rejects every put of a batch that could not be written, and none of the next', async () => {
    const { disk, driver } = await openOnFailingDisk()
    disk.failWhen((step) => (step === 'write' ? 'ENOSPC' : undefined))
    const batch = await Promise.allSettled([1, 2, 3].map((n) => driver.put('agents', String(n), n)))
    expect(batch.map((put) => put.status)).toEqual(['rejected', 'rejected', 'rejected'])
    disk.failWhen(() => undefined)
    await Promise.all([4, 5].map((n) => driver.put('agents', String(n), n)))
    expect((await driver.list('agents')).map((row) => row.id)).toEqual(['4', '5'])
    await driver.close()
  })

  it('says in words what to do about a full disk', async () => {
    const { disk, driver } = await openOnFailingDisk()
    disk.failWhen((step) => (step === 'write' ? 'ENOSPC' : undefined))
    await expect(driver.put('a', 'a', 1)).rejects.toThrow('the disk is full; make room. Nothing was changed.')
    await driver.close()
  })

  it('shows a value to nobody before it is on the disk', async () => {
    const { disk, driver } = await openOnFailingDisk()
    const seen: unknown[] = []
    disk.failWhen((step) => {
      if (step === 'sync' || step === 'rename') void driver.get('agents', 'a').then((row) => seen.push(row))
      return undefined
    })
    await driver.put('agents', 'a', 1)
    await expect.poll(() => seen.length).toBe(3)
    expect(seen).toEqual([undefined, undefined, undefined])
    await driver.close()
  })

  it('flushes the content before the name, and the directory after it', async () => {
    const { directory, disk, driver } = await openOnFailingDisk()
    await driver.put('agents', 'a', 1)
    const kinds = disk.steps.map((step) => step.replace(/store\.json\.\S+\.tmp/, 'temporary'))
    const name = directory.slice(directory.lastIndexOf('/') + 1)
    expect(kinds).toEqual([
      'open temporary',
      'write temporary',
      'sync temporary',
      'rename store.json',
      `open ${name}`,
      `sync ${name}`,
    ])
    await driver.close()
  })

  it.skipIf(process.platform === 'win32')('says what to do about a directory that it may not write to', async () => {
    const parent = await temporaryDirectory()
    const directory = join(parent, 'store')
    await mkdir(directory)
    if (process.geteuid?.() === 0) await Promise.all([chown(directory, NOBODY, NOBODY), chmod(parent, 0o755)])
    await chmod(directory, 0o500)
    await expect(
      asNobodySpecial(() => lowdbDriver({ directory, clock: () => 0, owner: 'test' })),
    ).rejects.toMatchObject({
      code: 'store_unavailable',
      message: `The store in ${directory} cannot be used: access is denied; give the directory to the user that runs the gateway. Nothing was changed.`,
    })
    await chmod(directory, 0o700)
  })
})
