import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { capture, captureWhoami, type CapturedRequest } from './captured-requests.ts'
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
    'of %s.%s are %s',
    async (_provider, _action, _sends, example) => {
      const provider = providerOf(example.provider)
      const prefix = new URL(provider.baseUrl ?? '').pathname.replace(/\/$/, '')
      const seen = (await capture(provider, example)).map(
        ({ method, url }) => `${method} ${new URL(url).pathname.slice(prefix.length)}`,
      )
      expect(seen).toEqual([example.sends, ...(example.thenSends ?? [])])
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
    // Written out, so that a new argument is either shown or left out on purpose.
    expect(missing).toEqual([
      'github.list_issues.limit',
      'github.list_issues.page',
      'github.list_pull_requests.limit',
      'github.list_pull_requests.page',
      'slack.read_thread.latest',
      'slack.read_thread.cursor',
      'slack.update_message.allow_broadcast',
      'slack.schedule_message.allow_broadcast',
      'gmail.get_thread.max_characters',
    ])
  })

  it.skipIf(!hasContracts)(`fit the vendors' published contracts${unlessAbsent}`, async () => {
    const requests = await allRequests()
    const misfits = check(requests).filter(({ operation, findings }) => operation === null || findings.length > 0)
    expect(misfits).toEqual([])
    expect(requests.length).toBeGreaterThan(EXAMPLES.length)
  })

  it.skipIf(!hasContracts)(`would be noticed when they did not fit${unlessAbsent}`, async () => {
    const spoiled = (await allRequests()).map((request) => {
      const url = new URL(request.url)
      url.searchParams.append('no_such_parameter', '1')
      return { ...request, url: url.href }
    })
    expect(check(spoiled).every(({ operation, findings }) => operation === null || findings.length > 0)).toBe(true)
  })

  it.skipIf(!hasContracts)(`ask for scopes that Google's contract names${unlessAbsent}`, async () => {
    const slice = JSON.parse(readFileSync(join(CONTRACTS, 'gmail.json'), 'utf8')) as {
      operations: readonly { id: string; scopes?: readonly string[] }[]
    }
    const gmail = providerOf('gmail')
    const examples = EXAMPLES.filter(({ provider }) => provider === 'gmail')
    const first = await Promise.all(examples.map(async (example) => (await capture(gmail, example)).slice(0, 1)))
    const unknown = check(first.flat()).flatMap(({ action, operation }) => {
      const allowed = slice.operations.find(({ id }) => id === operation)?.scopes ?? []
      const asked = (gmail.actions[action]?.scopes ?? []).flat()
      return asked.length > 0 ? asked.filter((scope) => !allowed.includes(scope)) : [`${action} asks for no scope`]
    })
    expect(unknown).toEqual([])
  })
})

const providerOf = (id: string) => {
  const provider = PROVIDERS.find((candidate) => candidate.id === id)
  if (!provider) throw new Error(`no provider ${id}`)
  return provider
}

async function allRequests(): Promise<readonly CapturedRequest[]> {
  const ofExamples = await Promise.all(EXAMPLES.map((example) => capture(providerOf(example.provider), example)))
  return [...ofExamples.flat(), ...PROVIDERS.flatMap(captureWhoami)]
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
    maxBuffer: 16_000_000,
  })
  if (!stdout) throw new Error(`The contract checker said: ${stderr}`)
  return JSON.parse(stdout) as readonly Verdict[]
}
