/** A line of the input, or the word that one was too long and has been skipped. */
export type Line = { readonly text: string } | { readonly tooLong: true }

/** The lines of a byte stream, without their ends. A line over `maxBytes` is not kept in memory. */
export async function* linesOf(input: AsyncIterable<Uint8Array | string>, maxBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let size = 0
  const take = (part: Buffer): void => {
    size += part.length
    if (size <= maxBytes) parts.push(part)
    else parts = []
  }
  const finish = (): Line => {
    const line: Line =
      size > maxBytes ? { tooLong: true } : { text: Buffer.concat(parts).toString('utf8').replace(/\r$/, '') }
    parts = []
    size = 0
    return line
  }
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Uint8Array)
    let from = 0
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, from)) {
      take(bytes.subarray(from, end))
      from = end + 1
      yield finish()
    }
    take(bytes.subarray(from))
  }
  if (size > 0) yield finish()
}
