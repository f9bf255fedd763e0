import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { GatewayError } from '../kernel/errors.ts'

const gunzipAsync = promisify(gunzip)

export interface BodyLimits {
  readonly host: string
  readonly maxBytes: number
  /** The reply's `content-encoding`; gzip is the only one that we ask for. */
  readonly encoding: string | undefined
}

/**
 * Reads a body and never holds more than the limit, before and after decompression. Throws `upstream_invalid` naming the
 * limit; the stream, and so its connection, is destroyed then.
 */
export async function readBody(stream: Readable, limits: BodyLimits): Promise<Uint8Array> {
  return await decoded(await collect(stream, limits), limits)
}

/** The bytes behind the reply's encoding, under the same limit. */
export async function decoded(bytes: Buffer, limits: BodyLimits): Promise<Uint8Array> {
  return bytes.length > 0 && isGzip(limits) ? inflate(bytes, limits) : bytes
}

/** Throws `upstream_invalid` for an encoding that was not asked for. */
export function isGzip({ host, encoding }: Pick<BodyLimits, 'host' | 'encoding'>): boolean {
  const name = encoding?.trim().toLowerCase() ?? 'identity'
  if (name === 'identity' || name === '') return false
  if (name === 'gzip' || name === 'x-gzip') return true
  throw new GatewayError('upstream_invalid', `${host} sent a body in an encoding that was not asked for.`)
}

async function collect(stream: Readable, limits: BodyLimits): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limits.maxBytes) throw tooLarge(limits)
    chunks.push(chunk)
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)
}

async function inflate(bytes: Buffer, limits: BodyLimits): Promise<Uint8Array> {
  try {
    return await gunzipAsync(bytes, { maxOutputLength: limits.maxBytes })
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limits)
    throw new GatewayError('upstream_invalid', `${limits.host} sent a gzip body that cannot be read.`, { cause: error })
  }
}

/** The one wording for answers that are over a limit. */
export const tooLarge = ({ host, maxBytes }: { readonly host: string; readonly maxBytes: number }): GatewayError =>
  new GatewayError(
    'upstream_invalid',
    `${host} sent more than ${maxBytes} bytes, which is the limit. Ask for less: a smaller page, fewer items or fields.`,
    { data: { maxBytes } },
  )
