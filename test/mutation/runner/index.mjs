import { register } from 'node:module'
import { resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core'
import { commonTokens, declareFactoryPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin'
import { DryRunStatus, determineHitLimitReached, TestStatus, toMutantRunResult } from '@stryker-mutator/api/test-runner'
import { register as readTypeScript } from 'tsx/esm/api'
import { told } from './vitest-names.mjs'

/**
 * Runs the tests in Stryker's own process, which reads the code and the tests once. A test is a function that can be called
 * again: a fault is switched on, the tests that come by it are called, the quickest first, until one fails.
 */
function runner({ policyTests }) {
  const world = (globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {})
  let tests

  async function read() {
    register('./hooks.mjs', import.meta.url)
    readTypeScript()
    const found = []
    for (const file of policyTests) {
      await import(pathToFileURL(resolve(file)).href)
      found.push(...told.splice(0).map(({ name, work }) => ({ id: `${file}#${name}`, name, file, work, took: 0 })))
    }
    return found
  }

  async function attempt(test) {
    const start = performance.now()
    try {
      await test.work()
      return { ...result(test, start), status: TestStatus.Success }
    } catch (error) {
      return { ...result(test, start), status: TestStatus.Failed, failureMessage: String(error?.message ?? error) }
    }
  }

  return {
    capabilities: () => ({ reloadEnvironment: false }),

    async dryRun() {
      tests = await read()
      const results = []
      for (const test of tests) {
        world.currentTestId = test.id
        const outcome = await attempt(test)
        test.took = outcome.timeSpentMs
        results.push(outcome)
      }
      world.currentTestId = undefined
      return { status: DryRunStatus.Complete, tests: results, mutantCoverage: world.mutantCoverage }
    },

    async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }) {
      if (mutantActivation === 'static') world.activeMutant = activeMutant.id
      tests ??= await read()
      const wanted = new Set(testFilter)
      const asked = tests.filter(({ id }) => !testFilter || wanted.has(id)).toSorted((a, b) => a.took - b.took)
      Object.assign(world, { activeMutant: activeMutant.id, hitCount: 0, hitLimit })
      const results = []
      for (const test of asked) {
        results.push(await attempt(test))
        if (results.at(-1).status !== TestStatus.Failed) continue
        const { hitCount } = world
        Object.assign(world, { activeMutant: undefined, hitCount: undefined })
        // A fault must not be taken for noticed because an earlier one has left something behind.
        if ((await attempt(test)).status === TestStatus.Failed) throw new Error(`${test.id} fails without a fault too.`)
        world.hitCount = hitCount
        break
      }
      world.activeMutant = undefined
      return toMutantRunResult(
        determineHitLimitReached(world.hitCount, hitLimit) ?? { status: DryRunStatus.Complete, tests: results },
      )
    },
  }
}

const result = ({ id, name, file }, start) => ({
  id,
  name,
  fileName: resolve(file),
  timeSpentMs: performance.now() - start,
})

runner.inject = tokens(commonTokens.options)

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'in-process', runner)]

export const strykerValidationSchema = {
  properties: { policyTests: { type: 'array', items: { type: 'string' } } },
}
