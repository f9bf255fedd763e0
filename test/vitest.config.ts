import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  // An alias, not the condition `source`: `eventsource` (of the MCP SDK's client) answers to that one too, with TypeScript.
  resolve: { alias: { '#provider-kit': new URL('../src/provider-kit/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/build-once.ts',
    testTimeout: 20_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
})
