import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { GatewayError } from '../kernel/errors.ts'
import { readText } from './body.ts'

/** Forms of pages hold a few words. */
const MAX_FORM_BYTES = 32_768
const FORM_MEDIA = /^application\/x-www-form-urlencoded\s*(?:;|$)/i

/** The fields of a posted form. A field that comes twice is refused: two readers might see two forms. */
export async function readForm(c: Context): Promise<ReadonlyMap<string, string>> {
  if (!FORM_MEDIA.test(c.req.header('content-type')?.trim() ?? '')) {
    throw new GatewayError('unsupported_media_type', 'Send the form as a browser does.')
  }
  const fields = [...new URLSearchParams(await readText(c.req.raw, MAX_FORM_BYTES))]
  const form = new Map(fields)
  if (form.size !== fields.length) throw new GatewayError('invalid_request', 'The form says something twice.')
  return form
}

/**
 * Refuses a form that another page than ours had the browser send: `Sec-Fetch-Site` and `Origin` say so where the browser
 * sends them, and the token must be the one that our page was given.
 */
export function checkForm(c: Context, form: ReadonlyMap<string, string>, csrf: string): void {
  const site = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  const isForeign = (site !== undefined && site !== 'same-origin') || (origin !== undefined && !isOurs(c, origin))
  if (!isForeign && same(form.get('csrf') ?? '', csrf)) return
  throw new GatewayError('forbidden', 'This form is not from a page of this gateway, or too old. Open the page again.')
}

/** Whatever stands before us may end TLS: the host tells, the scheme does not. */
const isOurs = (c: Context, origin: string): boolean =>
  URL.canParse(origin) && new URL(origin).host === (c.req.header('host') ?? '').toLowerCase()

const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
