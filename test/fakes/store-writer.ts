import { lowdbDriver } from '../../src/store/lowdb-driver.ts'

/**
 * A process that is made to be killed: it opens the store of a directory, then four writers put numbers as fast as they
 * can. Every acknowledged put is said on stdout, a line each, as soon as it is acknowledged.
 */
const [directory = '', round = ''] = process.argv.slice(2)
const say = (text: string): boolean => process.stdout.write(`${text}\n`)

async function writeForEver(driver: Awaited<ReturnType<typeof lowdbDriver>>, writer: number): Promise<void> {
  for (let n = 1; ; n++) {
    await driver.put('numbers', `${round}-${writer}`, n)
    say(`${round}-${writer} ${n}`)
  }
}

const driver = await lowdbDriver({ directory, clock: Date.now, owner: 'store writer' })
await Promise.all([0, 1, 2, 3].map((writer) => writeForEver(driver, writer)))
