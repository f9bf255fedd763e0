import type { CredentialDeps, TokenSource } from '../connections/credential-deps.ts'

type TokensOf = CredentialDeps['tokenSource']

/** The same sources, counting how often tokens came anew and how often they did not. */
export const countedTokens =
  (tokensOf: TokensOf, count: (result: 'ok' | 'error') => void = () => undefined): TokensOf =>
  (definition, fields) => {
    const source = tokensOf(definition, fields)
    return source && counted(source, count)
  }

function counted(source: TokenSource, count: (result: 'ok' | 'error') => void): TokenSource {
  const { refresh, mint } = source
  return {
    ...source,
    ...(refresh && { refresh: (current, signal) => told(refresh(current, signal), count) }),
    ...(mint && { mint: (signal) => told(mint(signal), count) }),
  }
}

async function told<T>(work: Promise<T>, count: (result: 'ok' | 'error') => void): Promise<T> {
  try {
    const tokens = await work
    count('ok')
    return tokens
  } catch (error) {
    count('error')
    throw error
  }
}
