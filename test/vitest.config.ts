import { defineConfig } from 'vitest/config'

/** Tests that run the product as processes. */
const PROCESSES = 'test/e2e/cli-*.test.ts'

// An alias, not the condition `source`: `eventsource` (of the MCP SDK's client) answers to that one too, with TypeScript.
const resolve = { alias: { '#provider-kit': new URL('../src/provider-kit/index.ts', import.meta.url).pathname } }
// A busy machine is no failure: what is waited for gets its time, what passes is as fast as before.
const common = { testTimeout: 20_000, hookTimeout: 30_000, expect: { poll: { timeout: 10_000 } } }
const exclude = ['**/node_modules/**', 'test/mutation/**']

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    maxWorkers: 2,
    projects: [
      {
        resolve,
        test: { ...common, name: 'house', include: ['test/**/*.test.ts'], exclude: [...exclude, PROCESSES] },
      },
      {
        resolve,
        test: { ...common, name: 'processes', include: [PROCESSES], globalSetup: 'test/build-once.ts' },
      },
    ],
  },
})
