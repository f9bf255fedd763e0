import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { flagsFor } from '../../../src/cli/engine.ts'
import { NODE_ARGS } from '../../bench/processes.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

/** What Node says of its arguments; empty when it knows all of them. */
function complaints(args: readonly string[]): string {
  const { stderr } = spawnSync(process.execPath, [...args, '--eval', '0'], { encoding: 'utf8', env: {} })
  return stderr
}

describe('what the engine is told', () => {
  it('is known to it: a flag that it has given up would do nothing', () => {
    expect(complaints(flagsFor(1))).toBe('')
    expect(complaints(NODE_ARGS)).toBe('')
    expect(complaints(['--heap-grows-slowly'])).not.toBe('')
  })

  it('is the same in the image, from a clone, and where it is measured', () => {
    const entry = /^ENTRYPOINT (.*)$/m.exec(read('Dockerfile'))?.[1] ?? '[]'
    expect(JSON.parse(entry)).toEqual(['node', ...NODE_ARGS, 'dist/src/main.js'])
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    expect(scripts['gatehouse']).toBe(`node ${NODE_ARGS.join(' ')} --import tsx src/main.ts`)
  })
})
