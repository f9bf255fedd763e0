import { join } from 'node:path'
import { composed, configured, type Declared, toDeclared } from '../../helpers/composed.ts'
import { wholeServer, type WholeKind } from '../../fakes/downstream/whole.ts'
import { type Asked, connect, type Era, type Way } from './clients.ts'

const ROOT = join(import.meta.dirname, '../../..')

export const KINDS: readonly WholeKind[] = [
  'stdio legacy',
  'stdio modern',
  'stdio dual',
  'http legacy',
  'http modern',
  'http dual',
  'sse legacy',
]
/** `complete` is the HTTP door of a gateway whose lean ways are closed. */
export const DOORS = ['http', 'complete', 'stdio'] as const
export type Door = (typeof DOORS)[number]
export const ERAS: readonly Era[] = ['legacy', 'modern']

/** The name of a connection; it stands in the names of its tools. */
export const slugOf = (kind: WholeKind): string => kind.replace(' ', '_')

export interface Doors {
  client(door: Door, era: Era): Asked
  close(): Promise<void>
}

/**
 * Servers of every kind, and a client of each era at each door of a gateway in front of them all. The HTTP door is shared; a
 * pipe belongs to one client, so that each has a gateway process of its own.
 */
export async function openDoors(): Promise<Doors> {
  const servers = await Promise.all(KINDS.map(async (kind) => [kind, await wholeServer(kind)] as const))
  const declared: Declared = {
    agents: { ann: { toolMode: 'full' } },
    connections: Object.fromEntries(servers.map(([kind, { transport }]) => [slugOf(kind), toDeclared(transport)])),
  }
  const opened = [
    openHttp(declared, 'http'),
    openHttp(declared, 'complete'),
    ...ERAS.map((era) => openStdio(declared, era)),
  ]
  const doors = await Promise.all(opened)
  const clients = new Map(doors.flatMap((door) => [...door.clients]))
  return {
    client(door, era) {
      const client = clients.get(`${door} ${era}`)
      if (!client) throw new Error(`there is no ${era} client at the ${door} door`)
      return client
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()))
      await Promise.all(doors.map((door) => door.close()))
      await Promise.all(servers.map(([, server]) => server.close()))
    },
  }
}

interface Opened {
  readonly clients: ReadonlyMap<string, Asked>
  close(): Promise<void>
}

async function openHttp(declared: Declared, door: Door): Promise<Opened> {
  const gateway = await composed(declared, door !== 'complete')
  const way = { url: gateway.endpoint, headers: gateway.as('ann') }
  const clients = await Promise.all(ERAS.map(async (era) => [`${door} ${era}`, await connect(era, way)] as const))
  return { clients: new Map(clients), close: gateway.close }
}

async function openStdio(declared: Declared, era: Era): Promise<Opened> {
  const { path, remove } = await configured(declared)
  const way: Way = {
    command: process.execPath,
    args: ['--import', 'tsx', 'src/main.ts', 'stdio', '--agent', 'ann'],
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', GATEHOUSE_CONFIG: path },
  }
  return { clients: new Map([[`stdio ${era}`, await connect(era, way)]]), close: remove }
}
