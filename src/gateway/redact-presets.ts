import type { Redaction } from '../kernel/policy.ts'

type Preset = Extract<Redaction, { preset: string }>['preset']

/** Tokens by the prefixes that their issuers document, keys in PEM, JWTs, and `password=`-like pairs. Every repetition is bounded. */
const SECRETS = [
  /\b(?:password|passwd|secret|api[_-]?key|access[_-]?token)["']?\s{0,3}[:=]\s{0,3}["']?[^\s"',;]{6,256}/gi,
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{20,64})/g,
  /\bxox[a-z]?(?:\.xox[a-z])?-[A-Za-z0-9-]{10,255}/g,
  /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or|svcacct)?[-_]?[A-Za-z0-9_-]{16,255}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{35}/g,
  /\b(?:npm|pypi|hf|dop_v1|shpat)[_-][A-Za-z0-9]{16,255}/g,
  /\beyJ[A-Za-z0-9_-]{5,4096}\.eyJ[A-Za-z0-9_-]{5,8192}\.[A-Za-z0-9_-]{10,2048}/g,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s]{1,20000}(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
  /\b(?:Bearer|Basic) [A-Za-z0-9._~+/-]{16,4096}=*/g,
]
const EMAIL = /[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/g
const PHONE = /(?<![\w+])\+[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)/g
const CARD = /(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g
const IBAN = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g
/** US social security, UK national insurance, Swiss AHV, French INSEE numbers. */
const NATIONAL_IDS = [
  /(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)/g,
  /\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b/g,
  /(?<!\d)756\.\d{4}\.\d{4}\.\d{2}(?!\d)/g,
  /(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\d)/g,
]

/** What each preset replaces by the mark. */
export const PRESETS: Readonly<Record<Preset, (text: string, mark: string) => string>> = {
  secrets: (text, mark) => replaceEach(text, SECRETS, mark),
  emails: (text, mark) => text.replaceAll(EMAIL, () => mark),
  phones: (text, mark) => text.replaceAll(PHONE, () => mark),
  cards: (text, mark) => text.replaceAll(CARD, (found) => (passesLuhn(found) ? mark : found)),
  iban: (text, mark) => text.replaceAll(IBAN, (found) => (passesMod97(found) ? mark : found)),
  nationalIds: (text, mark) => replaceEach(text, NATIONAL_IDS, mark),
}

const replaceEach = (text: string, patterns: readonly RegExp[], mark: string): string =>
  patterns.reduce((words, pattern) => words.replaceAll(pattern, () => mark), text)

/** ISO/IEC 7812-1 annex B. */
function passesLuhn(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '').split('').toReversed().map(Number)
  const sum = digits.reduce(
    (total, digit, index) => total + (index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2),
    0,
  )
  return sum % 10 === 0
}

/** ISO 13616: the letters as numbers, the first four characters last, modulo 97 is 1. */
function passesMod97(text: string): boolean {
  const compact = text.replaceAll(' ', '')
  const moved = compact.slice(4) + compact.slice(0, 4)
  let rest = 0
  for (const character of moved) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
