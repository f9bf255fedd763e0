import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'

/**
 * The names of vitest that tests of policy use, for one process that reads them once and runs them over and over: nothing
 * is isolated, because nothing here keeps anything.
 */

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)

export const expect = (value, message) => chai.expect(value, message)
Object.assign(expect, chai.expect)
Object.assign(expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT])
globalThis[GLOBAL_EXPECT] ??= expect
setState(
  {
    assertionCalls: 0,
    isExpectingAssertions: false,
    isExpectingAssertionsError: null,
    expectedAssertionsNumber: null,
    expectedAssertionsNumberErrorGen: null,
    environment: 'node',
  },
  expect,
)

/** Everything that was told so far; the runner takes it out after each file. This module may be read more than once. */
export const told = (globalThis[Symbol.for('gatehouse.tests')] ??= [])
const path = []

export function describe(name, work) {
  path.push(name)
  work()
  path.pop()
}

export function it(name, work) {
  told.push({ name: [...path, name].join(' > '), work })
}

it.each = (cases) => (name, work) => {
  for (const [index, one] of cases.entries()) {
    const values = Array.isArray(one) ? one : [one]
    it(`${name} (${index + 1})`, () => work(...values))
  }
}
