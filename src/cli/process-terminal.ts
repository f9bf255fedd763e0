import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Terminal } from './shell.ts'

/** The terminal of this process. Questions go to stderr: stdout is for answers. */
export const processTerminal = (): Terminal => ({
  async ask(question, { hidden }) {
    process.stderr.write(question)
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
    const lines = createInterface({ input: process.stdin, output: hidden ? silent : process.stderr, terminal: true })
    try {
      return await lines.question('')
    } finally {
      lines.close()
      if (hidden) process.stderr.write('\n')
    }
  },
  browse(url) {
    const [program, ...words] = OPENERS[process.platform] ?? ['xdg-open']
    // The address was printed: where no browser opens, a person can.
    spawn(program, [...words, url], { stdio: 'ignore', detached: true })
      .on('error', () => undefined)
      .unref()
  },
})

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}
