import { defineConfig } from 'vitest/config'

/** The tests of policy alone: they need neither the built product nor a network. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    include: ['test/unit/policy/**/*.test.ts', 'test/property/policy*.test.ts'],
    // Seconds long, and it finds nothing that the others do not.
    exclude: ['test/property/policy-cedar.test.ts'],
    testTimeout: 60_000,
    maxWorkers: 1,
    // Every file of tests reads the same modules, and none of them keeps anything: reading them once is several times quicker.
    isolate: false,
  },
})
