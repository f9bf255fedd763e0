import { GatewayError } from '../kernel/errors.ts'

/**
 * The body as text, of at most so many bytes. Throws `payload_too_large` as soon as that is known: from the length that
 * the request announces, or while reading one that announces none.
 */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  const announced = request.headers.get('content-length')
  if (announced !== null && Number(announced) > maxBytes) throw tooLarge(maxBytes)
  try {
    // Node's parser holds the sender to the announced length, so that there is nothing to count
    return announced === null ? await readCounting(request, maxBytes) : await request.text()
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    throw new GatewayError('invalid_request', 'The request ended before its body did.', { cause })
  }
}

async function readCounting({ body }: Request, maxBytes: number): Promise<string> {
  if (!body) return ''
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(part.value)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const tooLarge = (maxBytes: number): GatewayError =>
  new GatewayError('payload_too_large', `The body is larger than ${maxBytes} bytes. Send less at once.`, {
    data: { maxBytes },
  })
