import { estimateTokens } from '../../../src/catalog/search/estimate-tokens.ts'
import { rank } from '../../../src/catalog/search/rank.ts'
import type { SearchIndex } from '../../../src/catalog/search/search-index.ts'
import { signature, signatureLine } from '../../../src/catalog/search/signature.ts'
import { slimSchema } from '../../../src/catalog/search/slim-schema.ts'
import { visibleSet } from '../../../src/catalog/search/visible-set.ts'
import type { DataSet } from './data-set.ts'

/** Estimated tokens (bytes by four). */
export interface AnswerTokens {
  readonly sixHitsP50: number
  readonly sixHitsP95: number
  readonly sixHitsMax: number
  /** The share of tools whose signature leaves something out. */
  readonly lossy: number
  /** All input schemas, as they are and slim. */
  readonly schemas: number
  readonly slimSchemas: number
}

/** What an agent reads: an answer of six signature lines to each query of the set. */
export function measureAnswers(index: SearchIndex, { queries, tools }: DataSet): AnswerTokens {
  const visible = visibleSet(index, () => true)
  const lines = new Map(tools.map((tool) => [tool, signatureLine(signature(tool))]))
  const tokens = queries
    .map(({ text }) => rank(index, { query: text, visible, limit: 6 }).hits)
    .filter((hits) => hits.length === 6)
    .map((hits) => estimateTokens(hits.map(({ tool }) => lines.get(tool) ?? '').join('\n')))
  const schemas = tools.map(({ definition }) => definition.inputSchema)
  return {
    sixHitsP50: quantile(tokens, 0.5),
    sixHitsP95: quantile(tokens, 0.95),
    sixHitsMax: quantile(tokens, 1),
    lossy: Math.round((tools.filter((tool) => signature(tool).isLossy).length / tools.length) * 1000) / 1000,
    schemas: schemas.reduce((sum, schema) => sum + estimateTokens(schema), 0),
    slimSchemas: schemas.reduce((sum, schema) => sum + estimateTokens(slimSchema(schema)), 0),
  }
}

/** The value that a share of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}
