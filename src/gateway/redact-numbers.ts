/** What people and programs write between the groups of a long number. */
const SEPARATOR = /[ \u00a0\u202f.\u2010-\u2013-]/
const DIGITS = /\d+/g
const FEWEST_CARD_DIGITS = 13
const MOST_CARD_DIGITS = 19

interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Numbers of payment cards (ISO/IEC 7812-1): 13 to 19 digits that pass Luhn's test, together or in groups of four and more
 * of which only the last is shorter.
 */
export function withoutCards(text: string, mark: string): string {
  const groups = Array.from(text.matchAll(DIGITS), ({ index, 0: digits }) => ({
    start: index,
    end: index + digits.length,
  }))
  const found: Span[] = []
  for (let first = 0; first < groups.length; first++) {
    const last = lastOfCard(text, groups, first)
    const [start, end] = [groups[first]?.start, groups[last]?.end]
    if (start === undefined || end === undefined) continue
    found.push({ start, end })
    first = last
  }
  return replaced(text, found, mark)
}

/** The last group of the longest card number that begins with this group; -1 when none does. */
function lastOfCard(text: string, groups: readonly Span[], first: number): number {
  let digits = ''
  let last = -1
  for (let at = first; at < groups.length; at++) {
    const [group, before] = [groups[at], groups[at - 1]]
    if (!group || (at > first && before && !isJoined(text, before, group))) break
    if (digits.length + group.end - group.start > MOST_CARD_DIGITS) break
    digits += text.slice(group.start, group.end)
    if (digits.length >= FEWEST_CARD_DIGITS && !digits.startsWith('0') && passesLuhn(digits)) last = at
    if (group.end - group.start < 4) break
  }
  return last
}

const isJoined = (text: string, before: Span, group: Span): boolean =>
  group.start === before.end + 1 && SEPARATOR.test(text.charAt(before.end))

/** Lengths of IBANs by country (ISO 13616-1, SWIFT's registry). */
const IBAN_LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
)
const IBAN_HEAD = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}/g

/** International bank account numbers that pass their check, in groups or not, whatever follows them. */
export function withoutIbans(text: string, mark: string): string {
  const found: Span[] = []
  for (const { index, 0: head } of text.matchAll(IBAN_HEAD)) {
    if (index < (found.at(-1)?.end ?? 0)) continue
    const end = endOfIban(text, index, IBAN_LENGTHS.get(head.slice(0, 2).toUpperCase()))
    if (end !== undefined) found.push({ start: index, end })
  }
  return replaced(text, found, mark)
}

function endOfIban(text: string, start: number, length: number | undefined): number | undefined {
  if (length === undefined) return undefined
  let compact = ''
  let at = start
  for (; compact.length < length && at < text.length; at++) {
    const character = text.charAt(at)
    if (/[A-Za-z0-9]/.test(character)) compact += character
    else if (!SEPARATOR.test(character) || !/[A-Za-z0-9]/.test(text.charAt(at - 1))) return undefined
  }
  const isWhole = compact.length === length && !/[A-Za-z0-9]/.test(text.charAt(at))
  return isWhole && passesMod97(compact) ? at : undefined
}

function replaced(text: string, spans: readonly Span[], mark: string): string {
  if (spans.length === 0) return text
  const kept = spans.map(({ start }, index) => text.slice(spans[index - 1]?.end ?? 0, start))
  return [...kept, text.slice(spans.at(-1)?.end)].join(mark)
}

/** ISO/IEC 7812-1 annex B, over digits alone. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits.charAt(digits.length - 1 - place))
    sum += place % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** The letters as numbers, the first four characters last, modulo 97 is 1 (ISO 7064). */
function passesMod97(compact: string): boolean {
  let rest = 0
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}
