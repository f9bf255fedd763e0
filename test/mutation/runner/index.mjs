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
    return collect((url) => import(url))
  }

  /** All tests anew, with modules of their own, so that what runs when a module is read runs with the fault. */
  async function readAgain(id) {
    const modules = readTypeScript({ namespace: `fault-${id}` })
    try {
      return await collect((url) => modules.import(url, import.meta.url))
    } catch (error) {
      return [{ ...tests[0], work: () => Promise.reject(error) }]
    } finally {
      await modules.unregister()
    }
  }

  async function collect(load) {
    const found = []
    for (const file of policyTests) {
      await load(pathToFileURL(resolve(file)).href)
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
    capabilities: () => ({ reloadEnvironment: true }),

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
      const isFresh = mutantActivation === 'static'
      tests ??= await read()
      Object.assign(world, { activeMutant: activeMutant.id, hitCount: 0, hitLimit })
      const asked = isFresh ? await readAgain(activeMutant.id) : chosen(tests, testFilter)
      const results = []
      for (const test of asked) {
        results.push(await attempt(test))
        if (results.at(-1).status === TestStatus.Failed) break
      }
      const { hitCount } = world
      Object.assign(world, { activeMutant: undefined, hitCount: undefined })
      if (!isFresh) await mustPass(asked[results.length - 1])
      return toMutantRunResult(
        determineHitLimitReached(hitCount, hitLimit) ?? { status: DryRunStatus.Complete, tests: results },
      )
    },
  }

  /** A fault must not be taken for noticed because an earlier one has left something behind. */
  async function mustPass(test) {
    if (!test || (await attempt(test)).status === TestStatus.Success) return
    throw new Error(`${test.id} fails without a fault too.`)
  }
}

/** The tests that come by a fault, the quickest first. */
function chosen(tests, filter) {
  const wanted = new Set(filter)
  return tests.filter(({ id }) => !filter || wanted.has(id)).toSorted((a, b) => a.took - b.took)
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
