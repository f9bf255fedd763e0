import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/kernel/secret.ts'
import { type LowdbDriver, lowdbDriver, readLock } from '../../../src/store/lowdb-driver.ts'
import { failingFiles } from '../../helpers/failing-files.ts'
import { temporaryDirectory } from '../../helpers/temporary-directory.ts'

const SINCE = Date.UTC(2026, 10, 20, 8)
const open = (directory: string): Promise<LowdbDriver> =>
  lowdbDriver({ directory, clock: () => SINCE, owner: 'gatehouse serve' })

const modeOf = async (...path: string[]): Promise<string> => ((await stat(join(...path))).mode & 0o777).toString(8)

describe('the lowdb store', () => {
  it('has everything again after a restart, with versions', async () => {
    const directory = await temporaryDirectory()
    const first = await open(directory)
    await first.put('agents', 'a', { name: 'Ann' })
    await first.put('agents', 'a', { name: 'Ann', n: [1] })
    await first.put('__proto__', '__proto__', JSON.parse('{"__proto__":{"polluted":true}}'))
    await first.put('agents', 'gone', 1)
    await first.delete('agents', 'gone')
    await first.close()

    const second = await open(directory)
    expect(await second.list('agents')).toEqual([{ id: 'a', version: 2, value: { name: 'Ann', n: [1] } }])
    expect(JSON.stringify(await second.get('__proto__', '__proto__'))).toContain('{"__proto__":{"polluted":true}}')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    await expect(second.put('agents', 'a', 1, { ifVersion: 1 })).rejects.toMatchObject({ code: 'version_conflict' })
    await second.close()
  })

  it('writes a hundred concurrent puts with few file writes', async () => {
    const directory = await temporaryDirectory()
    const disk = failingFiles()
    const driver = await lowdbDriver({ directory, clock: () => 0, owner: 'test', files: disk.files })
    await Promise.all(Array.from({ length: 100 }, (_, n) => driver.put('agents', `a${n}`, n)))
    expect(disk.steps.filter((step) => step.startsWith('rename'))).toHaveLength(1)
    expect(await driver.list('agents')).toHaveLength(100)
    await driver.close()
  })

  it('starves nobody while others keep writing', async () => {
    const driver = await open(await temporaryDirectory())
    let left = 200
    const busy = async (n: number): Promise<void> => {
      while (left-- > 0) await driver.put('busy', `b${n}`, left)
    }
    const all = [0, 1, 2, 3].map(busy)
    await driver.put('agents', 'patient', 1)
    expect(left).toBeGreaterThan(180)
    await Promise.all(all)
    await driver.close()
  })

  it('lets only its owner read it', async () => {
    const directory = join(await temporaryDirectory(), 'new', 'store')
    const driver = await open(directory)
    await driver.put('agents', 'a', 1)
    expect(await modeOf(directory)).toBe('700')
    expect(await modeOf(directory, 'store.json')).toBe('600')
    expect(await modeOf(directory, 'store.lock')).toBe('600')
    await driver.close()
  })

  it('closes a directory that others could read', async () => {
    const directory = await temporaryDirectory()
    await chmod(directory, 0o755)
    await (await open(directory)).close()
    expect(await modeOf(directory)).toBe('700')
  })

  it.each([
    ['cut off', '{"format":"gatehouse-store","version":1,"rows":[{"coll'],
    ['empty', ''],
    ['zeros', '\0\0\0\0'],
    ['another file', '{"name":"x"}'],
    [
      'a row of the wrong shape',
      '{"format":"gatehouse-store","version":1,"rows":[{"collection":"a","id":"b","version":"1","value":1}]}',
    ],
    [
      'a row twice',
      `{"format":"gatehouse-store","version":1,"rows":[${Array(2).fill('{"collection":"a","id":"b","version":1,"value":1}').join()}]}`,
    ],
  ])('refuses a damaged file (%s), names it, and leaves it alone', async (_, text) => {
    const directory = await temporaryDirectory()
    const path = join(directory, 'store.json')
    await writeFile(path, text)
    await expect(open(directory)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: `${path} is damaged and was left as it is. Put a backup in its place, or move it away to start with an empty store.`,
    })
    expect(await readFile(path, 'utf8')).toBe(text)
    expect(await readdir(directory)).toEqual(['store.json'])
  })

  it('refuses the file of a newer gateway', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'store.json'), '{"format":"gatehouse-store","version":2,"tables":{}}')
    await expect(open(directory)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('has format 2, this gateway knows up to 1'),
    })
  })

  it('removes what a killed process left half-written', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'store.json.4711.0123456789abcdef.tmp'), '{"half')
    await writeFile(join(directory, 'notes.tmp'), 'mine')
    await (await open(directory)).close()
    expect(await readdir(directory)).toEqual(['notes.tmp'])
  })

  it('says who holds it, since when, and what to do', async () => {
    const directory = await temporaryDirectory()
    const driver = await open(directory)
    await driver.publish({ url: 'http://127.0.0.1:4000', token: new Secret('attach-me') })
    const second = await open(directory).catch((error: unknown) => error)
    expect(second).toMatchObject({
      code: 'store_locked',
      message: `${join(directory, 'store.lock')} is held by process ${process.pid} (gatehouse serve) since 2026-11-20T08:00:00.000Z. Stop that process or use another directory.`,
      data: { pid: process.pid, since: SINCE, url: 'http://127.0.0.1:4000' },
    })
    expect(JSON.stringify(second)).not.toContain('attach-me')
    await driver.close()
  })

  it('shows other processes where its holder can be reached, until it is closed', async () => {
    const directory = await temporaryDirectory()
    expect(await readLock(directory)).toBeUndefined()
    const driver = await open(directory)
    expect(await readLock(directory)).toEqual({ pid: process.pid, since: SINCE, owner: 'gatehouse serve' })
    await driver.publish({ url: 'http://127.0.0.1:4000', token: new Secret('attach-me') })
    const facts = await readLock(directory)
    expect(facts).toMatchObject({ url: 'http://127.0.0.1:4000' })
    expect(facts?.token?.reveal()).toBe('attach-me')
    expect(await modeOf(directory, 'store.lock')).toBe('600')
    await driver.close()
    expect(await readLock(directory)).toBeUndefined()
    expect(await readdir(directory)).toEqual([])
  })

  it('stops writing when its lock was taken away', async () => {
    const directory = await temporaryDirectory()
    const driver = await open(directory)
    await driver.put('agents', 'a', 1)
    await rm(join(directory, 'store.lock'))
    const other = await open(directory)
    await expect(driver.put('agents', 'a', 2)).rejects.toMatchObject({ code: 'store_unavailable' })
    await driver.close()
    expect(await readLock(directory)).toBeDefined()
    expect(await other.get('agents', 'a')).toMatchObject({ version: 1 })
    await other.close()
  })

  it('names a directory that cannot be made', async () => {
    const file = join(await temporaryDirectory(), 'file')
    await writeFile(file, '')
    await expect(open(join(file, 'store'))).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(file),
    })
    await mkdir(join(file, '..', 'store.json'))
    await expect(open(join(file, '..'))).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
