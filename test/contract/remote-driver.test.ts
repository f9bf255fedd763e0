import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { link } from '../../src/cluster/link.ts'
import { remoteDriver } from '../../src/cluster/remote-driver.ts'
import { serveDriver } from '../../src/cluster/serve-driver.ts'
import type { Driver } from '../../src/store/driver.ts'
import { memoryDriver } from '../../src/store/memory-driver.ts'
import { describeDriver } from './driver-contract.ts'

/** A store in another process looks like any store: here both ends of the wire are in this one. */
describeDriver('over a link', async (): Promise<Driver> => {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  const path = join(directory, 'link.sock')
  const held = memoryDriver()
  const accepted = new Promise<Socket>((resolve) => {
    const server = createServer((socket) => {
      server.close()
      resolve(socket)
    }).listen(path)
  })
  const here = connect(path)
  return driverOver(await accepted, here, held, directory)
})

function driverOver(there: Socket, here: Socket, held: Driver, directory: string): Driver {
  link(there, (worker) => serveDriver(held, worker))
  const made: Driver[] = []
  const toOwner = link(here, (owner) => {
    const { driver, handlers } = remoteDriver(owner)
    made.push(driver)
    return handlers
  })
  const [driver] = made
  if (!driver) throw new Error('the link made no driver')
  return {
    ...driver,
    async close() {
      await driver.close()
      toOwner.close()
      await held.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
