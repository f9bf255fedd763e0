import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { capture, captureWhoami, type CapturedRequest } from './captured-requests.ts'
import { variationsOf } from './variations.ts'
import { EXAMPLES, PROVIDERS } from './vendor-examples.ts'

const CONTRACTS = join(import.meta.dirname, '..', '..', '..', 'shared', 'contracts')
const hasContracts = existsSync(join(CONTRACTS, 'check.mjs'))
const unlessAbsent = hasContracts ? '' : ' (skipped: there are no contract slices in ../shared/contracts)'

describe('requests to vendors', () => {
  it('are shown by an example for every action, and by none that is gone', () => {
    const actions = PROVIDERS.flatMap(({ id, actions }) => Object.keys(actions).map((action) => `${id}.${action}`))
    expect(new Set(EXAMPLES.map(({ provider, action }) => `${provider}.${action}`))).toEqual(new Set(actions))
  })

  it.each(EXAMPLES.map((example) => [example.provider, example.action, example.sends, example] as const))(
    'of %s.%s are %s, however one signed in',
    async (_provider, _action, _sends, example) => {
      const provider = providerOf(example.provider)
      for (const way of provider.auth) {
        const seen = (await capture(provider, example, way)).map(({ method, below }) => `${method} ${below}`)
        expect(seen).toEqual([example.sends, ...(example.thenSends ?? [])])
      }
    },
  )

  it('name every argument of their action in at least one example', () => {
    const missing = PROVIDERS.flatMap(({ id, actions }) =>
      Object.entries(actions).flatMap(([name, action]) => {
        const used = EXAMPLES.filter((example) => example.provider === id && example.action === name)
        const fields = Object.keys('shape' in action.input ? (action.input.shape as object) : {})
        return fields
          .filter((field) => !used.some(({ input }) => field in input))
          .map((field) => `${id}.${name}.${field}`)
      }),
    )
    expect(missing).toEqual([])
  })

  it('are shown with the fewest arguments too, and with each of the others alone', async () => {
    for (const { id, actions } of PROVIDERS) {
      for (const action of Object.keys(actions)) {
        const varied = await Promise.all(
          EXAMPLES.filter((example) => example.provider === id && example.action === action).map((example) =>
            variationsOf(providerOf(id), example),
          ),
        )
        expect([id, action, varied.flat().length > 0]).toEqual([id, action, true])
      }
    }
  })

  it.skipIf(!hasContracts)(`fit the vendors' published contracts${unlessAbsent}`, async () => {
    const requests = (await allRequests()).filter(({ below }) => below !== TOP_FOLDER)
    const misfits = check(requests).filter(({ operation, findings }) => operation === null || findings.length > 0)
    expect(misfits).toEqual([])
    expect(requests.length).toBeGreaterThan(EXAMPLES.length * 4)
  })

  it.skipIf(!hasContracts)(`would be noticed when they did not fit${unlessAbsent}`, async () => {
    const spoiled = (await allRequests()).map((request) => {
      const url = new URL(request.url)
      url.searchParams.append('no_such_parameter', '1')
      return { ...request, url: url.href }
    })
    expect(check(spoiled).every(({ operation, findings }) => operation === null || findings.length > 0)).toBe(true)
  })

  it.skipIf(!hasContracts)(`ask for scopes that the vendors' contracts name${unlessAbsent}`, async () => {
    for (const id of ['gmail', 'google-calendar', 'jira']) {
      const provider = providerOf(id)
      const [way] = provider.auth
      const examples = EXAMPLES.filter((example) => example.provider === id)
      const first = await Promise.all(
        examples.map(async (example) => (way ? (await capture(provider, example, way)).slice(0, 1) : [])),
      )
      const unknown = check(first.flat()).flatMap(({ action, operation }) => {
        const allowed = scopesIn(id, operation)
        const asked = (provider.actions[action]?.scopes ?? []).flat()
        return asked.length > 0 ? asked.filter((scope) => !allowed.includes(scope)) : [`${action} asks for no scope`]
      })
      expect([id, unknown]).toEqual([id, []])
    }
  })

  it.skipIf(!hasContracts)(`of Slack ask for scopes that its contract names${unlessAbsent}`, () => {
    // Its contract is of a time when writing had other scopes.
    const newer = ['chat:write']
    const { operations } = slice('slack')
    const known = operations.flatMap(({ scopes }) => (scopes ?? []).flat())
    const asked = Object.values(providerOf('slack').actions).flatMap(({ scopes }) => scopes.flat())
    expect(asked.filter((scope) => !known.includes(scope) && !newer.includes(scope))).toEqual([])
  })
})

interface Slice {
  readonly operations: readonly { readonly id: string; readonly scopes?: readonly (string | readonly string[])[] }[]
}

const slice = (name: string): Slice => JSON.parse(readFileSync(join(CONTRACTS, `${name}.json`), 'utf8')) as Slice

const scopesIn = (name: string, operation: string | null): readonly string[] =>
  (slice(name).operations.find(({ id }) => id === operation)?.scopes ?? []).flat()

/** GitHub lists the top of a repository under an empty path; the contract's template has no empty values. */
const TOP_FOLDER = '/repos/acme/website/contents/'

const providerOf = (id: string) => {
  const provider = PROVIDERS.find((candidate) => candidate.id === id)
  if (!provider) throw new Error(`no provider ${id}`)
  return provider
}

/** Every example and its variations, signed in in every way; and who each of those ways would be. */
async function allRequests(): Promise<readonly CapturedRequest[]> {
  const captured = await Promise.all(
    EXAMPLES.map(async (example) => {
      const provider = providerOf(example.provider)
      const all = [example, ...(await variationsOf(provider, example))]
      const seen = await Promise.all(all.flatMap((each) => provider.auth.map((way) => capture(provider, each, way))))
      return seen.flat()
    }),
  )
  return [...captured.flat(), ...(await Promise.all(PROVIDERS.map(captureWhoami))).flat()]
}

interface Verdict {
  readonly provider: string
  readonly action: string
  readonly operation: string | null
  readonly findings: readonly { readonly msg: string }[]
}

function check(requests: readonly CapturedRequest[]): readonly Verdict[] {
  const { stdout, stderr } = spawnSync(process.execPath, [join(CONTRACTS, 'check.mjs'), '--json'], {
    input: JSON.stringify(requests),
    encoding: 'utf8',
    maxBuffer: 64_000_000,
  })
  if (!stdout) throw new Error(`The contract checker said: ${stderr}`)
  return JSON.parse(stdout) as readonly Verdict[]
}
