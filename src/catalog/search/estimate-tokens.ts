import type { Json } from '../../kernel/json.ts'

const BYTES_PER_TOKEN = 4

/**
 * About how many tokens a model reads for a text, or for a value as JSON: bytes by four. Tool definitions run at 4.3 to
 * 4.7 bytes a token with current tokenizers, so this is on the safe side of them. It needs no tokenizer.
 */
export function estimateTokens(value: Json): number {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN)
}
