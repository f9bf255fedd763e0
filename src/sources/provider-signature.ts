import { createHash } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import type { Clock } from '../kernel/clock.ts'
import type { Lease } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Settings, SigV4Spec } from '../provider-kit/index.ts'
import { textOf } from './provider-address.ts'
import type { ReadyRequest } from './provider-request.ts'

/**
 * The request signed with AWS Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html) in headers: host, date, body
 * and all that it carries but what proxies change. Throws `connection_unusable` without keys, `config_invalid` for a region
 * that is none.
 */
export async function signed(
  ready: ReadyRequest,
  { service, region }: SigV4Spec,
  { fields }: Lease,
  settings: Settings,
  clock: Clock,
): Promise<ReadyRequest> {
  const url = strictQuery(ready.url)
  const signer = new AwsV4Signer({
    method: ready.method,
    url: url.href,
    headers: { ...ready.headers, ...(service === 's3' ? { 'x-amz-content-sha256': sha256(ready.body ?? '') } : {}) },
    body: ready.body ?? null,
    accessKeyId: keyOf(fields, 'accessKeyId'),
    secretAccessKey: keyOf(fields, 'secretAccessKey'),
    ...(fields['sessionToken'] ? { sessionToken: fields['sessionToken'].reveal() } : {}),
    service,
    region: regionOf(region, settings),
    datetime: new Date(clock()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
  })
  const { headers } = await signer.sign()
  return { ...ready, url, headers: Object.fromEntries(headers.entries()) }
}

/** The canonical query says `%20` for a space, so that is what is sent; a real plus is `%2B` already. */
function strictQuery(from: URL): URL {
  const url = new URL(from)
  url.search = url.search.replaceAll('+', '%20')
  return url
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function keyOf(fields: Lease['fields'], key: string): string {
  const value = fields[key]?.reveal()
  if (value) return value
  throw new GatewayError('connection_unusable', `The credential has no ${key}. Connect the account again.`, {
    data: { reauth: true },
  })
}

function regionOf(region: string, settings: Settings): string {
  const key = /^\{([^{}]+)\}$/.exec(region)?.[1]
  const value = key === undefined ? region : (textOf(settings[key]) ?? '')
  if (/^[a-z0-9-]{1,32}$/.test(value)) return value
  throw new GatewayError('config_invalid', `The setting "${key ?? 'region'}" must be a region, such as eu-central-1.`)
}
