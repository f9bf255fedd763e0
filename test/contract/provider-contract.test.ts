import { describe, expect, it } from 'vitest'
import { providers } from '../../providers/index.ts'
import template from '../../providers/_template/index.ts'
import { providerContract } from './provider-contract.ts'

/** What a connection has to say where a manifest leaves it open, so that everything may be done. */
const SETTINGS: Readonly<Record<string, Record<string, unknown>>> = {
  http: { methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], region: 'eu-central-1' },
  jira: { site: 'acme' },
}

describe('the providers', () => {
  it('are known by the ids of their folders', () => {
    expect([...providers].filter(([id, provider]) => id !== provider.id)).toEqual([])
    expect(providers.size).toBeGreaterThan(0)
  })
})

for (const provider of [...providers.values(), template]) providerContract(provider, SETTINGS[provider.id])
