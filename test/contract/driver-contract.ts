import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Change, Driver, Row } from '../../src/store/driver.ts'

/** Every driver must pass this one suite; a new driver adds one file of five lines. `open` gives an empty store. */
export function describeDriver(name: string, open: () => Promise<Driver>): void {
  describe(`store driver: ${name}`, () => {
    let driver: Driver
    beforeEach(async () => {
      driver = await open()
    })
    afterEach(() => driver.close())

    describe('rows', () => {
      it('gives back what was put, with a version that grows', async () => {
        expect(await driver.put('agents', 'a', { n: 1 })).toEqual({ id: 'a', version: 1, value: { n: 1 } })
        expect(await driver.put('agents', 'a', { n: 2 })).toEqual({ id: 'a', version: 2, value: { n: 2 } })
        expect(await driver.get('agents', 'a')).toEqual({ id: 'a', version: 2, value: { n: 2 } })
      })

      it('knows nothing of what was never put', async () => {
        await driver.put('agents', 'a', 1)
        expect(await driver.get('agents', 'b')).toBeUndefined()
        expect(await driver.get('keys', 'a')).toBeUndefined()
        expect(await driver.list('keys')).toEqual([])
      })

      it('lists the rows of one collection ordered by id', async () => {
        await Promise.all(['b', 'B', 'a10', 'a9', 'é', ''].map((id) => driver.put('agents', id, id)))
        await driver.put('keys', 'x', 1)
        expect((await driver.list('agents')).map((row) => row.id)).toEqual(['', 'B', 'a10', 'a9', 'b', 'é'])
      })

      it('keeps every JSON value as it is', async () => {
        const values = [null, true, 0, -1.5e-7, '', 'ü\u2028\u0000😀', [], {}, [null, [{}]], { a: { b: [1, 'two'] } }]
        for (const [index, value] of values.entries()) await driver.put('values', `v${index}`, value)
        for (const [index, value] of values.entries()) {
          expect((await driver.get('values', `v${index}`))?.value).toEqual(value)
        }
      })

      it('is not changed by what callers do to values they gave or got', async () => {
        const given = { tags: ['a'] }
        await driver.put('agents', 'a', given)
        given.tags.push('b')
        const got = await driver.get('agents', 'a')
        expect(got?.value).toEqual({ tags: ['a'] })
        expect(() => Object.assign(got?.value ?? {}, { tags: [] })).toThrow(TypeError)
        expect((await driver.get('agents', 'a'))?.value).toEqual({ tags: ['a'] })
      })

      it('deletes once, and begins at version 1 again', async () => {
        await driver.put('agents', 'a', 1)
        await driver.put('agents', 'a', 2)
        expect(await driver.delete('agents', 'a')).toBe(true)
        expect(await driver.delete('agents', 'a')).toBe(false)
        expect(await driver.get('agents', 'a')).toBeUndefined()
        expect((await driver.put('agents', 'a', 3)).version).toBe(1)
      })

      it('takes names such as __proto__ as data', async () => {
        const hostile = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
        for (const collection of hostile) for (const id of hostile) await driver.put(collection, id, { [id]: 1 })
        for (const collection of hostile) {
          expect((await driver.list(collection)).map((row) => row.id)).toEqual(hostile.toSorted())
        }
        const value: unknown = (await driver.get('__proto__', '__proto__'))?.value
        expect(JSON.stringify(value)).toBe('{"__proto__":1}')
        expect(Object.keys({})).toEqual([])
        expect(await driver.get('valueOf', 'valueOf')).toBeUndefined()
      })
    })

    describe('versions', () => {
      it('creates only when ifVersion 0 finds nothing', async () => {
        await driver.put('agents', 'a', 1, { ifVersion: 0 })
        await expect(driver.put('agents', 'a', 2, { ifVersion: 0 })).rejects.toMatchObject({
          code: 'version_conflict',
          message: expect.stringContaining('agents/a'),
          data: { expected: 0, version: 1 },
        })
        expect((await driver.get('agents', 'a'))?.value).toBe(1)
      })

      it('refuses to change or delete what has another version', async () => {
        await driver.put('agents', 'a', 1)
        await expect(driver.put('agents', 'a', 2, { ifVersion: 2 })).rejects.toMatchObject({ code: 'version_conflict' })
        await expect(driver.delete('agents', 'a', { ifVersion: 2 })).rejects.toMatchObject({ code: 'version_conflict' })
        await expect(driver.put('agents', 'b', 1, { ifVersion: 1 })).rejects.toMatchObject({ code: 'version_conflict' })
        expect(await driver.list('agents')).toEqual([{ id: 'a', version: 1, value: 1 }])
        expect(await driver.delete('agents', 'a', { ifVersion: 1 })).toBe(true)
      })

      it('lets exactly one of many racing writers win', async () => {
        await driver.put('agents', 'a', 'start')
        const writers = Array.from({ length: 8 }, (_, n) => driver.put('agents', 'a', n, { ifVersion: 1 }))
        const race = await Promise.allSettled(writers)
        expect(race.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
        expect(await driver.get('agents', 'a')).toMatchObject({ version: 2 })
      })

      it('loses none of many concurrent increments', async () => {
        const increment = async (): Promise<Row> => {
          const row = await driver.get('counters', 'n')
          const next = Number(row?.value ?? 0) + 1
          return driver.put('counters', 'n', next, { ifVersion: row?.version ?? 0 }).catch(increment)
        }
        await Promise.all(Array.from({ length: 12 }, increment))
        expect(await driver.get('counters', 'n')).toEqual({ id: 'n', version: 12, value: 12 })
      })
    })

    describe('watch', () => {
      it('tells of puts and deletes of its collection, in order, when others can read them', async () => {
        const changes: Change[] = []
        driver.watch('agents', (change) => changes.push(change))
        await driver.put('agents', 'a', 1)
        await driver.put('keys', 'k', 1)
        await driver.put('agents', 'a', 2)
        await driver.delete('agents', 'a')
        await driver.delete('agents', 'a')
        await expect
          .poll(() => changes)
          .toEqual([
            { id: 'a', row: { id: 'a', version: 1, value: 1 } },
            { id: 'a', row: { id: 'a', version: 2, value: 2 } },
            { id: 'a', row: undefined },
          ])
      })

      it('says nothing of writes that were refused', async () => {
        const changes: Change[] = []
        driver.watch('agents', (change) => changes.push(change))
        await driver.put('agents', 'a', 1, { ifVersion: 5 }).catch(() => undefined)
        await driver.put('agents', 'b', 1)
        await expect.poll(() => changes.map((change) => change.id)).toEqual(['b'])
      })

      it('stops when asked, one watch at a time', async () => {
        const heard: string[] = []
        const listener = (change: Change): unknown => heard.push(change.id)
        const [stopFirst, stopSecond] = [driver.watch('agents', listener), driver.watch('agents', listener)]
        await driver.put('agents', 'a', 1)
        await expect.poll(() => heard).toEqual(['a', 'a'])
        stopFirst()
        await driver.put('agents', 'b', 1)
        await expect.poll(() => heard).toEqual(['a', 'a', 'b'])
        stopSecond()
        const last = new Promise((resolve) => driver.watch('agents', resolve))
        await driver.put('agents', 'c', 1)
        await last
        expect(heard).toEqual(['a', 'a', 'b'])
      })
    })

    describe('locks', () => {
      it('runs one holder of a key at a time, in the order they came', async () => {
        const order: number[] = []
        let inside = 0
        const work = (n: number) => async (): Promise<void> => {
          expect(++inside).toBe(1)
          order.push(n)
          await driver.put('turns', String(n), n)
          inside--
        }
        await Promise.all([0, 1, 2, 3, 4].map((n) => driver.withLock('k', work(n))))
        expect(order).toEqual([0, 1, 2, 3, 4])
      })

      it('does not let keys wait for each other', async () => {
        const inner = await driver.withLock('a', () => driver.withLock('b', () => Promise.resolve('both')))
        expect(inner).toBe('both')
      })

      it('hands on what the work gives or throws, and is free afterwards', async () => {
        await expect(driver.withLock('k', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
        expect(await driver.withLock('k', () => Promise.resolve(7))).toBe(7)
      })

      it('stops waiting when the caller goes away, and the next in line gets its turn', async () => {
        let free = (): void => undefined
        const holder = driver.withLock('k', () => new Promise<void>((resolve) => (free = resolve)))
        const gone = new AbortController()
        const waiting = driver.withLock('k', () => Promise.resolve('never'), { signal: gone.signal })
        const patient = driver.withLock('k', () => Promise.resolve('patient'))
        gone.abort()
        await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
        free()
        await holder
        expect(await patient).toBe('patient')
      })

      it('does not begin for a caller that is already gone', async () => {
        let began = false
        const work = async (): Promise<void> => void (began = true)
        await expect(driver.withLock('k', work, { signal: AbortSignal.abort() })).rejects.toMatchObject({
          code: 'cancelled',
        })
        expect(began).toBe(false)
      })

      it('passes the abort on to the work', async () => {
        const gone = new AbortController()
        const work = driver.withLock(
          'k',
          (signal) =>
            new Promise<string>((resolve) => {
              signal.addEventListener('abort', () => resolve('stopped'))
              gone.abort()
            }),
          { signal: gone.signal },
        )
        expect(await work).toBe('stopped')
      })
    })

    describe('close', () => {
      it('waits for writes under way, and may be called twice', async () => {
        const put = driver.put('agents', 'a', 1)
        await Promise.all([driver.close(), driver.close()])
        expect(await put).toMatchObject({ version: 1 })
      })

      it('refuses everything afterwards', async () => {
        await driver.close()
        const calls = [
          () => driver.get('a', 'a'),
          () => driver.list('a'),
          () => driver.put('a', 'a', 1),
          () => driver.delete('a', 'a'),
          () => driver.withLock('a', () => Promise.resolve()),
        ]
        for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'store_unavailable' })
      })

      it('stops the holder of a lock and those who wait', async () => {
        const untilAborted = (signal: AbortSignal): Promise<unknown> =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        const both = [driver.withLock('k', untilAborted), driver.withLock('k', untilAborted)]
        const ended = Promise.allSettled(both)
        await driver.close()
        const closed = { status: 'rejected', reason: expect.objectContaining({ code: 'store_unavailable' }) }
        expect(await ended).toEqual([closed, closed])
      })
    })
  })
}
