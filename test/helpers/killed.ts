import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'

/** Runs a program until it has said so many lines, ends it with SIGKILL, and gives every line that it said. */
export async function killedAfter(lines: number, program: string, ...arguments_: string[]): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program, ...arguments_], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  }
  expect(await ended).toEqual([null, 'SIGKILL'])
  return said
}
