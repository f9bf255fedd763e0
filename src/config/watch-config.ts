import { type FSWatcher, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Variables } from './env.ts'
import { readConfigText, readTextFile } from './load-config.ts'
import { parseConfig } from './parse-config.ts'
import type { Config } from './schema.ts'

/** Editors write in several steps; this long without another one means that they are done. */
const SETTLE_MS = 100

export interface WatchOptions {
  readonly path: string
  readonly env: Variables
  /** A new configuration that is right in itself. May reject: the edit is then reported as bad, and the old one stays. */
  readonly onConfig: (config: Config) => void | Promise<void>
  /** Why an edit was not taken. The last good configuration stays in force. */
  readonly onError: (error: GatewayError) => void
  readonly signal: AbortSignal
  /** Milliseconds without another change before the file is read; 100 when left out. */
  readonly settleMs?: number
}

export interface ConfigWatch {
  /**
   * Reads the file now (SIGHUP), also when its text is the same: referenced files and variables may have changed. Rejects
   * with what `onError` is given.
   */
  reload(): Promise<void>
  close(): void
}

/**
 * Calls back for every edit of the file, one at a time and in order. The folder is watched, because editors and
 * configuration mounts replace the file; the text is compared, because folders change for many reasons.
 */
export async function watchConfig(options: WatchOptions): Promise<ConfigWatch> {
  const { path, env, onConfig, onError, signal, settleMs = SETTLE_MS } = options
  let lastText: string | undefined = await readConfigText(path).catch(() => undefined)
  let queue: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  const read = async (force: boolean): Promise<void> => {
    const before = lastText
    lastText = undefined
    const text = await readConfigText(path)
    lastText = text
    if (text === before && !force) return
    await onConfig(await parseConfig(text, { path, env, readFile: readTextFile }))
  }
  const reload = async (force: boolean): Promise<void> => {
    try {
      await read(force)
    } catch (error) {
      const failure = toGatewayError(error)
      onError(failure)
      throw failure
    }
  }
  const inTurn = (force: boolean): Promise<void> => {
    const turn = queue.then(() => reload(force))
    queue = turn.catch(() => undefined)
    return turn
  }
  const touched = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void inTurn(false).catch(() => undefined), settleMs)
  }
  const watcher = watchFolder(dirname(resolve(path)), touched, onError)
  const close = (): void => {
    clearTimeout(timer)
    watcher?.close()
  }
  signal.addEventListener('abort', close, { once: true })
  return { reload: () => inTurn(true), close }
}

/** Without a watch (no inotify handles left, a file system without events) everything works but for the noticing. */
function watchFolder(
  folder: string,
  onEvent: () => void,
  onError: (error: GatewayError) => void,
): FSWatcher | undefined {
  const failed = (cause: unknown): void =>
    onError(
      new GatewayError(
        'config_invalid',
        'Edits of the configuration cannot be noticed here. Send SIGHUP after an edit.',
        {
          cause,
        },
      ),
    )
  try {
    return watch(folder, { persistent: false }, onEvent).on('error', failed)
  } catch (error) {
    failed(error)
    return undefined
  }
}
