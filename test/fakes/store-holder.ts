import { GatewayError } from '../../src/kernel/errors.ts'
import { lowdbDriver } from '../../src/store/lowdb-driver.ts'

/** A process that opens the store of a directory, says how that went in one line of JSON, and holds it until stdin ends. */
const directory = process.argv[2] ?? ''
const say = (fact: object): boolean => process.stdout.write(`${JSON.stringify(fact)}\n`)

try {
  const driver = await lowdbDriver({ directory, clock: Date.now, owner: 'store holder' })
  await driver.put('holders', String(process.pid), { pid: process.pid })
  say({ held: process.pid })
  process.stdin.resume().on('end', () => void driver.close())
} catch (error) {
  if (!(error instanceof GatewayError)) throw error
  say({ code: error.code, message: error.message, data: error.data })
}
