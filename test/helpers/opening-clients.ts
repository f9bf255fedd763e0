import { Client as ModernClient } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { z } from 'zod'

/** Whether a client opens links, and what happens when it does. */
export interface Opening {
  readonly url: boolean
  readonly open: (url: string) => Promise<unknown>
}

/** A client of the SDK's second line that opens links, or cannot. */
export function modernClient({ url, open }: Opening): ModernClient {
  const capabilities = url ? { elicitation: { url: {} } } : {}
  const client = new ModernClient(
    { name: 'test', version: '1' },
    { capabilities, versionNegotiation: { mode: 'auto' } },
  )
  if (url) {
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      await open(String((params as Record<string, unknown>)['url']))
      return { action: 'accept' }
    })
  }
  return client
}

/** The same of the first line. */
export function legacyClient({ url, open }: Opening): LegacyClient {
  const client = new LegacyClient(
    { name: 'test', version: '1' },
    { capabilities: url ? { elicitation: { url: {} } } : {} },
  )
  if (url) {
    const request = z.object({ method: z.literal('elicitation/create'), params: z.looseObject({ url: z.string() }) })
    client.setRequestHandler(request, async ({ params }) => {
      await open(params.url)
      return { action: 'accept' as const }
    })
  }
  return client
}
