import { readFile } from 'node:fs/promises'

/**
 * Whether the process that was noted with this pid and start still runs. A pid alone says little: after a crash, and
 * after every restart of a container, the same number belongs to someone else. Where starts cannot be known
 * (not Linux), a pid in use counts as the same process.
 */
export async function isRunning(pid: number, start: string | undefined): Promise<boolean> {
  if (!isPidInUse(pid)) return false
  const now = await processStart(pid)
  if (now === 'gone') return false
  return now === undefined || start === undefined || now === start
}

/**
 * When a process started, in a form that is only good for comparing: boot id and clock ticks since boot (proc(5),
 * `/proc/<pid>/stat` field 22). `gone` for a process that ended and was not yet waited for. Elsewhere than on Linux
 * only known of this very process.
 */
export async function processStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return pid === process.pid ? `ms:${Math.round(performance.timeOrigin)}` : undefined
  const stat = await readText(`/proc/${pid}/stat`)
  // The command's name stands in parentheses and may hold anything, so fields are counted from the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, ticks] = [fields?.[0], fields?.[19]]
  if (state === undefined || ticks === undefined) return undefined
  if (state === 'Z' || state === 'X') return 'gone'
  const boot = await readText('/proc/sys/kernel/random/boot_id')
  return `${boot?.trim() ?? ''}:${ticks}`
}

function isPidInUse(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as someone else.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return undefined
  }
}
