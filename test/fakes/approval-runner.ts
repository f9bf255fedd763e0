import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { lowdbDriver } from '../../src/store/lowdb-driver.ts'
import { openStore } from '../../src/store/store.ts'
import type { Driver } from '../../src/store/driver.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { parseKey } from '../../src/vault/key.ts'
import { openVault } from '../../src/vault/vault.ts'
import { approvalWorld, asking } from '../helpers/approvals.ts'
import { ECHO } from '../helpers/test-gateway.ts'

/**
 * A process that is made to be killed: it takes one call from its request over a person's yes to its end, from wherever
 * the process before it was stopped, and says every step on stdout. After `stopAt` lines it stands still.
 */
const [directory = '', stopAt = '1'] = process.argv.slice(2)
let said = 0

async function step(text: string): Promise<void> {
  process.stdout.write(`${text}\n`)
  if (++said === Number(stopAt)) {
    setInterval(() => undefined, 1_000)
    await new Promise(() => undefined)
  }
}

/** The store as it is, with a step before and after each write. */
const stepping = (driver: Driver): Driver => ({
  ...driver,
  async put(collection, id, value, options) {
    await step(`before put ${collection}`)
    const row = await driver.put(collection, id, value, options)
    await step(`after put ${collection}`)
    return row
  },
})

const vault = openVault({ keys: [parseKey(new Secret('7k0SR3oq7JvzF8KkPIKYyiCnmxWTTXuVA2CPdFPEFbQ='))] })
const driver = await lowdbDriver({ directory, clock: Date.now, owner: 'approval runner' })
const world = await approvalWorld({
  policy: asking(),
  store: openStore(stepping(driver)),
  vault,
  connections: {
    notes: {
      ...ECHO,
      async run() {
        await step('before effect')
        appendFileSync(join(directory, 'effects.log'), 'done\n')
        await step('after effect')
        return { content: [] }
      },
    },
  },
})
const call = () => world.gateway.call('sidekick', 'conn:notes:write_note', { n: 1 }).catch(() => undefined)

await step('open')
if (world.queue.list().length === 0) await call()
if (world.newest().state === 'pending') {
  await call()
  await world.approve()
}
if (world.newest().state === 'approved') await call()
for (;;) await step(`over ${world.queue.list().length} ${world.newest().state} ${world.newest().outcome}`)
