import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../../src/config/load-config.ts'
import { type ConfigWatch, watchConfig } from '../../../src/config/watch-config.ts'
import type { GatewayError } from '../../../src/kernel/errors.ts'

let folder: string
let path: string
let watch: ConfigWatch
let stop: AbortController
const taken: string[] = []
const errors: GatewayError[] = []

const write = (organisation: string): Promise<void> => writeFile(path, JSON.stringify({ organisation }))

const start = (onConfig?: () => Promise<void>): Promise<ConfigWatch> =>
  watchConfig({
    path,
    env: {},
    settleMs: 10,
    signal: stop.signal,
    onConfig: async (config) => {
      await onConfig?.()
      taken.push(config.organisation)
    },
    onError: (error) => errors.push(error),
  })

/** Another process may keep the machine busy. */
const soon = (claim: () => void): Promise<void> => vi.waitFor(claim, { timeout: 10_000, interval: 10 })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-config-'))
  path = join(folder, 'gateway.config.json')
  stop = new AbortController()
  taken.length = 0
  errors.length = 0
  await write('first')
})

afterEach(async () => {
  stop.abort()
  await rm(folder, { recursive: true })
})

describe('a watched configuration', () => {
  it('is taken when it is written, and when an editor puts another file in its place', async () => {
    await start()
    await write('second')
    await soon(() => expect(taken).toEqual(['second']))
    await writeFile(`${path}.tmp`, '{"organisation": "third"}')
    await rename(`${path}.tmp`, path)
    await soon(() => expect(taken).toEqual(['second', 'third']))
    expect(errors).toEqual([])
  })

  it('is taken when a mounted folder is swapped under a link', async () => {
    for (const version of ['one', 'two']) {
      await mkdir(join(folder, version))
      await writeFile(join(folder, version, 'config.json'), JSON.stringify({ organisation: version }))
    }
    await symlink('one', join(folder, 'data'))
    await rm(path)
    await symlink(join('data', 'config.json'), path)
    await start()
    await symlink('two', join(folder, 'data.new'))
    await rename(join(folder, 'data.new'), join(folder, 'data'))
    await soon(() => expect(taken).toEqual(['two']))
  })

  it('reports a bad edit, keeps quiet about the good one before, and takes the next good one', async () => {
    await start()
    await writeFile(path, '{"organisation": "broken",}')
    await soon(() => expect(errors).toHaveLength(1))
    expect(errors[0]).toMatchObject({ code: 'config_invalid', message: expect.stringContaining(':1:27') })
    await write('good')
    await soon(() => expect(taken).toEqual(['good']))
  })

  it('reports a file that is gone and takes it again when it comes back as it was', async () => {
    await start()
    await rm(path)
    await soon(() => expect(errors[0]?.message).toContain('There is no configuration at'))
    await write('first')
    await soon(() => expect(taken).toEqual(['first']))
  })

  it('reports an edit that the gateway refuses', async () => {
    await start(() => Promise.reject(new Error('no such thing')))
    await write('second')
    await soon(() => expect(errors).toHaveLength(1))
    expect(taken).toEqual([])
  })

  it('is read at once on reload, also when only what it refers to has changed', async () => {
    watch = await start()
    await watch.reload()
    await watch.reload()
    expect(taken).toEqual(['first', 'first'])
    await writeFile(path, '{')
    await expect(watch.reload()).rejects.toMatchObject({ code: 'config_invalid' })
    expect(errors.length).toBeGreaterThan(0)
  })

  it('is taken one edit at a time, in order', async () => {
    let running = 0
    let most = 0
    watch = await start(async () => {
      most = Math.max(most, (running += 1))
      await new Promise(setImmediate)
      running -= 1
    })
    const first = watch.reload()
    await write('second')
    await Promise.all([first, watch.reload(), watch.reload()])
    expect(taken.at(-1)).toBe('second')
    expect(most).toBe(1)
  })

  it('ignores other files of its folder', async () => {
    await start()
    await writeFile(join(folder, 'other.json'), 'x')
    await write('second')
    await soon(() => expect(taken).toEqual(['second']))
    expect(errors).toEqual([])
  })
})

describe('loading', () => {
  it('says where it looked and how to name another file', async () => {
    await expect(loadConfig({ path: join(folder, 'nope.json'), env: {} })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/nope\.json\. Name one with --config or GATEHOUSE_CONFIG\.$/),
    })
    await expect(loadConfig({ path: folder, env: {} })).rejects.toThrow('cannot be read (EISDIR)')
  })
})
