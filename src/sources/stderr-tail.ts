const KEEP_BYTES = 8_192
const SHOW_LINES = 5
const SHOW_CHARS = 200

/** Keeps the last 8 kB of a stream, however much comes. */
export interface StderrTail {
  push(chunk: Buffer): void
  /** The last lines, at most five, without control characters; empty when nothing came. */
  lastLines(): string
}

export function stderrTail(): StderrTail {
  let kept = Buffer.alloc(0)
  return {
    push(chunk) {
      const recent = chunk.subarray(-KEEP_BYTES)
      kept = Buffer.from(Buffer.concat([kept, recent]).subarray(-KEEP_BYTES))
    },
    lastLines: () =>
      kept
        .toString('utf8')
        .split('\n')
        .map(printable)
        .filter((line) => line !== '')
        .slice(-SHOW_LINES)
        .join('\n'),
  }
}

/** Text of a stranger on one line of at most 200 characters: no colours, no control characters. */
export const printable = (text: string): string =>
  text
    .replace(/\p{Cc}\[[0-9;]{0,16}m/gu, '')
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, SHOW_CHARS)
