import { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import { hasPattern } from './pattern.ts'
import type { AuthMethod, CredentialField } from './provider.ts'

/** Longer than any token, key or password that a vendor gives out, in UTF-16 units. */
const MAX_FIELD = 16_384
/** Longer than any name of a field, shorter than any key. */
const MAX_NAME = 24

/**
 * Checks what was filled in for a method before it is stored or sent. Throws `invalid_credential` that names the field by
 * its label, never its value; `data.field` is its key.
 */
export function checkFields(method: AuthMethod, fields: Readonly<Record<string, Secret>>): void {
  const known = method.fields.map(({ key }) => key)
  const stray = Object.keys(fields).find((key) => !known.includes(key))
  if (stray !== undefined) throw unknownField(method, stray)
  for (const field of method.fields) {
    const fault = faultOf(field, Object.hasOwn(fields, field.key) ? fields[field.key]?.reveal() : undefined)
    if (fault) throw invalid(field, fault)
  }
}

function faultOf({ pattern, optional, secret }: CredentialField, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return optional ? undefined : 'is missing'
  if (value.length > MAX_FIELD) return `is longer than ${MAX_FIELD} characters`
  if (/[\p{Cc}\p{Surrogate}]/u.test(value)) return 'holds a line break, a control character or broken Unicode'
  if (secret && value.trim() !== value) return 'begins or ends with a space; paste it again without it'
  if (pattern === undefined || hasPattern(pattern, value)) return undefined
  return `does not look like one (expected ${pattern})`
}

const invalid = ({ label, key }: CredentialField, fault: string): GatewayError =>
  new GatewayError('invalid_credential', `The credential cannot be right: its ${label} ("${key}") ${fault}.`, {
    data: { field: key },
  })

function unknownField({ title, fields }: AuthMethod, key: string): GatewayError {
  const known = fields.map((field) => field.key).join(', ') || 'none'
  // Name and value may have been swapped: what is too long for a name is not said back.
  const name = key.length <= MAX_NAME ? key : ''
  const shown = name === '' ? 'of a name that long' : JSON.stringify(name)
  return new GatewayError('invalid_credential', `"${title}" has no field ${shown}. Its fields: ${known}.`, {
    data: { field: name },
  })
}
