import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { answers, freePort, type Running, start, toRunning } from './processes.ts'

const FOLDER = join(import.meta.dirname, 'peers')
const HUB = join(FOLDER, 'node_modules/mcp-hub/dist/cli.js')

/** Installs the other gateways into their own folder, where they are not there yet. Needs the package registry. */
export async function installPeers(): Promise<void> {
  if (existsSync(HUB)) return
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'], {
    cwd: FOLDER,
  })
}

/** MCP Hub in front of a server called `quick`; undefined where it is not installed. It speaks SSE (2024-11-05) to agents. */
export async function startHub(folder: string, server: string): Promise<Running | undefined> {
  if (!existsSync(HUB)) return undefined
  const config = join(folder, 'mcp-hub.json')
  await writeFile(config, JSON.stringify({ mcpServers: { quick: { url: server } } }))
  const port = await freePort()
  const child = start([HUB, '--port', String(port), '--config', config], { HOME: folder, XDG_STATE_HOME: folder })
  child.stdout?.resume()
  child.stderr?.resume()
  await answers(`http://127.0.0.1:${port}/api/health`)
  return toRunning(child, `http://127.0.0.1:${port}/mcp`)
}
