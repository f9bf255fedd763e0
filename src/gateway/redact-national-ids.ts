import { passesLuhn } from './redact-numbers.ts'

interface NationalId {
  readonly pattern: RegExp
  /** Whether what looks like one is one, by its check digits; letters and digits alone, in upper case. */
  readonly passes?: (compact: string) => boolean
}

/** Numbers that states give to people. Where a number has check digits they must fit, so that other numbers stay. */
const NATIONAL_IDS: readonly NationalId[] = [
  // United States: social security.
  { pattern: /(?<!\d)\d{3}([- ])\d{2}\1\d{4}(?!\d)/g },
  // United Kingdom: national insurance.
  { pattern: /\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[A-D]\b/gi },
  // Switzerland: AHV.
  { pattern: /(?<!\d)756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}(?!\d)/g, passes: (id) => isDivisible(id, [1, 3], 10) },
  // France: INSEE, also of Corsica.
  {
    pattern: /(?<![A-Za-z0-9])[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\d)/gi,
    passes: isInsee,
  },
  // Spain: DNI and NIE.
  { pattern: /\b(?:\d{8}|[XYZ]-?\d{7})[ -]?[A-Z]\b/gi, passes: isDni },
  // Italy: codice fiscale.
  { pattern: /\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b/gi },
  // Germany: tax identification number.
  { pattern: /(?<![\d.])[1-9]\d ?\d{3} ?\d{3} ?\d{3}(?![\d.]\d|\d)/g, passes: isGermanTaxId },
  // Poland: PESEL.
  {
    pattern: /(?<!\d)\d{2}(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12]\d|3[01])\d{5}(?!\d)/g,
    passes: (id) => isDivisible(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1], 10),
  },
  // Sweden: personnummer.
  { pattern: /(?<!\d)(?:19|20)?\d{6}[-+]\d{4}(?!\d)/g, passes: (id) => passesLuhn(id.slice(-10)) },
  // Finland: henkilötunnus.
  { pattern: /(?<![A-Za-z0-9])\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?![A-Za-z0-9])/gi, passes: isFinnish },
  // Belgium: national register number.
  { pattern: /(?<!\d)\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}(?!\d)/g },
  // Brazil: CPF.
  { pattern: /(?<!\d)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)/g },
  // India: Aadhaar.
  { pattern: /(?<!\d)[2-9]\d{3}([ -])\d{4}\1\d{4}(?![ -]?\d)/g, passes: passesVerhoeff },
  // Canada: social insurance.
  { pattern: /(?<!\d)\d{3}([ -])\d{3}\1\d{3}(?![ -]?\d)/g, passes: passesLuhn },
]

/** Takes national ids out of a text: US, UK, CH, FR, ES, IT, DE, PL, SE, FI, BE, BR, IN and CA. */
export const withoutNationalIds = (text: string, mark: string): string =>
  NATIONAL_IDS.reduce(
    (words, { pattern, passes }) =>
      words.replaceAll(pattern, (found: string) =>
        passes?.(found.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase()) === false ? found : mark,
      ),
    text,
  )

/** The digits times the weights, which repeat, add up to a multiple. */
const isDivisible = (digits: string, weights: readonly number[], by: number): boolean =>
  digits.split('').reduce((sum, digit, place) => sum + Number(digit) * (weights[place % weights.length] ?? 0), 0) %
    by ===
  0

function isInsee(id: string): boolean {
  const number = id.slice(0, 13).replace(/2A/, '19').replace(/2B/, '18')
  return 97 - (Number(number) % 97) === Number(id.slice(13))
}

function isDni(id: string): boolean {
  const number = id.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)))
  return 'TRWAGMYFPDXBNJZSQVHLCKE'.charAt(Number(number) % 23) === id.slice(-1)
}

/** Of the first ten digits one comes twice or thrice; the last is ISO 7064's MOD 11,10. */
function isGermanTaxId(id: string): boolean {
  const kinds = new Set(id.slice(0, 10)).size
  if (kinds !== 8 && kinds !== 9) return false
  let product = 10
  for (const digit of id.slice(0, 10)) {
    const sum = (Number(digit) + product) % 10
    product = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  return (11 - product) % 10 === Number(id.slice(10))
}

function isFinnish(id: string): boolean {
  const digits = id.length === 11 ? id.slice(0, 6) + id.slice(7, 10) : id.slice(0, 9)
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'.charAt(Number(digits) % 31) === id.slice(-1)
}

const TURNS = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
]
const PRODUCTS = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
]

/** Verhoeff's check over the dihedral group of the pentagon. */
function passesVerhoeff(digits: string): boolean {
  let state = 0
  for (let place = 0; place < digits.length; place++) {
    const turned = TURNS[place % 8]?.charAt(Number(digits.charAt(digits.length - 1 - place)))
    state = Number(PRODUCTS[state]?.charAt(Number(turned)))
  }
  return state === 0
}
