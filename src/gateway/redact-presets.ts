import type { Redaction } from '../kernel/policy.ts'
import { withoutNationalIds } from './redact-national-ids.ts'
import { withoutCards, withoutIbans } from './redact-numbers.ts'
import { withoutSecrets } from './redact-secrets.ts'

type Preset = Extract<Redaction, { preset: string }>['preset']

/** RFC 5321 §4.1.2 with the letters of RFC 6531; `%40` as in URLs. */
const EMAIL =
  /(?:[\p{L}\p{N}._%+'-]{1,64}|"[^"\r\n]{1,64}")(?:@|%40)(?:[\p{L}\p{N}-]{1,63}\.){1,8}(?:\p{L}{2,24}|xn--[A-Za-z0-9-]{1,59})/gu
const PHONES = [
  // International (ITU-T E.123), also with 00 and a bracketed trunk prefix.
  /(?<![\w+])(?:\+|00(?=[1-9]))[1-9](?:[ ().\u00a0/-]{0,2}\d){6,14}(?!\d)/g,
  // North America.
  /(?<![\w.-])(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])/g,
  // Elsewhere, with the trunk prefix 0 and groups of digits.
  /(?<![\w.,:/-])\(?0[1-9]\d{0,3}(?:\) ?|[ /])\d{2,4}(?:[ -]\d{2,4}){1,3}(?![\w:-])/g,
]

/** What each preset replaces by the mark, in time that grows with the text alone. */
export const PRESETS: Readonly<Record<Preset, (text: string, mark: string) => string>> = {
  secrets: withoutSecrets,
  emails: (text, mark) => text.replaceAll(EMAIL, () => mark),
  phones: (text, mark) => PHONES.reduce((words, pattern) => words.replaceAll(pattern, () => mark), text),
  cards: withoutCards,
  iban: withoutIbans,
  nationalIds: withoutNationalIds,
}
