import type { Lease } from '../kernel/credential.ts'
import type { AuthMethod } from '../provider-kit/index.ts'

/** Shorter values would be found everywhere by accident. */
const MIN_SCRUBBED = 8

/**
 * Takes every secret of a lease out of a text that came from the vendor: as it is, as it looks inside of a JSON string, in
 * a URL, in base64, and `derived` forms such as the text of a Basic header. Values of under 8 characters stay.
 */
export function scrubber(method: AuthMethod, lease: Lease, derived: readonly string[]): (text: string) => string {
  const open = new Set(method.fields.filter((field) => !field.secret).map((field) => field.key))
  const secrets = Object.entries(lease.fields).flatMap(([key, value]) => (open.has(key) ? [] : [value.reveal()]))
  const forms = [...derived, ...secrets]
    .filter((secret) => secret.length >= MIN_SCRUBBED)
    .flatMap(formsOf)
    // A form that holds another goes first, or a piece of it would stay.
    .toSorted((a, b) => b.length - a.length)
  return (text) =>
    forms.reduce((clean, form) => (clean.includes(form) ? clean.replaceAll(form, '[secret]') : clean), text)
}

const formsOf = (secret: string): readonly string[] => [
  ...new Set([
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ]),
]
