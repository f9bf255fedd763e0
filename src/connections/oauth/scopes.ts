import type { OAuthSpec } from '../../provider-kit/provider.ts'

/**
 * What to ask for: what every connection needs, what was granted before and what is needed now, each once. A service
 * that replaces a grant by a smaller one would break what works (RFC 6749 §3.3).
 */
export const scopesToAsk = (
  spec: OAuthSpec,
  granted: readonly string[],
  needed: readonly string[],
): readonly string[] => [...new Set([...(spec.baseScopes ?? []), ...granted, ...needed])]

/** The parameter that carries them; undefined when there are none. */
export const scopeText = (spec: OAuthSpec, scopes: readonly string[]): string | undefined =>
  scopes.length === 0 ? undefined : scopes.join(spec.scopeSeparator ?? ' ')

/** What an answer says was granted; services answer with commas although they are asked with spaces. */
export const scopesOf = (text: string): readonly string[] => [...new Set(text.split(/[\s,]+/).filter(Boolean))]
