import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json } from '../kernel/json.ts'
import type { Driver, WriteOptions } from '../store/driver.ts'
import type { Handlers, Link } from './link.ts'

/** The owner's side of `remote-driver.ts`, for one worker. Locks and watches of a worker end with its link. */
export function serveDriver(driver: Driver, link: Link): Handlers {
  const locks = new Map<number, AbortController>()
  const unlock = (lock: number): void => {
    locks.get(lock)?.abort()
    locks.delete(lock)
  }
  link.closed.addEventListener('abort', () => {
    for (const lock of locks.keys()) unlock(lock)
  })
  const lock = (key: string, id: number): Promise<true> => {
    const ended = new AbortController()
    locks.set(id, ended)
    return new Promise((resolve, reject) => {
      const work = (): Promise<void> => {
        resolve(true)
        return new Promise((done) => {
          if (ended.signal.aborted) done()
          ended.signal.addEventListener('abort', () => done())
        })
      }
      driver.withLock(key, work, { signal: ended.signal }).catch(reject)
    })
  }
  return {
    asked: {
      'store.get': (params) => driver.get(text(params, 'collection'), text(params, 'id')),
      'store.list': (params) => driver.list(text(params, 'collection')),
      'store.put': (params) =>
        driver.put(text(params, 'collection'), text(params, 'id'), member(params, 'value'), optionsIn(params)),
      'store.delete': (params) => driver.delete(text(params, 'collection'), text(params, 'id'), optionsIn(params)),
      'store.lock': (params) => lock(text(params, 'key'), Number(member(params, 'lock'))),
    },
    told: {
      'store.unlock': (params) => unlock(Number(member(params, 'lock'))),
      'store.watch': (params) => watch(driver, link, text(params, 'collection')),
    },
  }
}

function watch(driver: Driver, link: Link, collection: string): void {
  const stop = driver.watch(collection, ({ id, row }) =>
    link.tell('store.change', { collection, id, row: row ? { ...row } : null }),
  )
  link.closed.addEventListener('abort', stop)
}

const member = (params: Json, name: string): Json => (isJsonObject(params) ? (params[name] ?? null) : null)

function text(params: Json, name: string): string {
  const value = member(params, name)
  if (typeof value === 'string') return value
  throw new GatewayError('internal', `A worker asked the store without "${name}".`)
}

function optionsIn(params: Json): WriteOptions {
  const options = member(params, 'options')
  const ifVersion = isJsonObject(options) ? options['ifVersion'] : undefined
  return typeof ifVersion === 'number' ? { ifVersion } : {}
}
