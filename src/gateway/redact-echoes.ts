/** Values shorter than this are not searched for elsewhere: they would match everywhere. */
export const SHORTEST_ECHO = 4

export interface Removed {
  readonly text: string
  readonly mark: string
}

/**
 * Takes values that were removed in one place out of every other, the longest first. However many there are, a text is
 * gone through once: values are looked up by their beginning and their length.
 */
export function withoutEchoes(removed: readonly Removed[]): (text: string) => string {
  const marks = new Map(removed.map(({ text, mark }) => [text, mark]))
  const lengths = new Map<string, number[]>()
  for (const value of marks.keys()) {
    const head = value.slice(0, SHORTEST_ECHO)
    const known = lengths.get(head) ?? []
    if (!known.includes(value.length)) known.push(value.length)
    lengths.set(head, known)
  }
  for (const known of lengths.values()) known.sort((a, b) => b - a)
  const echoAt = (text: string, at: number): string | undefined =>
    lengths
      .get(text.slice(at, at + SHORTEST_ECHO))
      ?.map((length) => text.slice(at, at + length))
      .find((candidate) => marks.has(candidate))
  return (text) => {
    if (marks.size === 0) return text
    const parts: string[] = []
    let from = 0
    for (let at = 0; at + SHORTEST_ECHO <= text.length; at++) {
      const echo = echoAt(text, at)
      if (echo === undefined) continue
      parts.push(text.slice(from, at), marks.get(echo) ?? '')
      from = at + echo.length
      at = from - 1
    }
    return parts.length === 0 ? text : parts.join('') + text.slice(from)
  }
}
