import { providerIds } from './providers-index.ts'

export const path = 'providers/ids.ts'

export async function make(): Promise<string> {
  const ids = await providerIds()
  return `// Written by \`npm run gen\` from the folders beside this file.

/** The ids of every provider that the gateway knows: manifests are large, and few gateways need them to start. */
export const PROVIDER_IDS: readonly string[] = [${ids.map((id) => `'${id}'`).join(', ')}]
`
}
