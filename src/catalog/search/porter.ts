/**
 * The stem of a lower-case English word by Porter's algorithm of 1980, with the two departures of its author's own
 * program (`bli`, `logi`): https://tartarus.org/martin/PorterStemmer/. Words of other letters come back as they are.
 */
export function porterStem(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word
  const singular = step1c(step1b(step1a(word)))
  const derived = replaced(replaced(singular, STEP_2, 0), STEP_3, 0)
  return step5(step4(derived))
}

type Rule = readonly [suffix: string, replacement: string]

/** Only the first suffix that fits is tried, so a longer one stands before the one it ends with. */
const STEP_2: readonly Rule[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['bli', 'ble'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
  ['logi', 'log'],
]
const STEP_3: readonly Rule[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
]
const STEP_4: readonly string[] =
  'al ance ence er ic able ible ant ement ment ent ion ou ism ate iti ous ive ize'.split(' ')

function step1a(word: string): string {
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2)
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word
}

function step1b(word: string): string {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word
  const suffix = ['ed', 'ing'].find((ending) => word.endsWith(ending))
  if (suffix === undefined) return word
  const stem = word.slice(0, -suffix.length)
  return hasVowel(stem) ? repaired(stem) : word
}

/** What `ed` or `ing` was cut from gets its `e` back (`filing`), or loses its second consonant (`hopping`). */
function repaired(stem: string): string {
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`
  if (endsDouble(stem) && !/[lsz]$/.test(stem)) return stem.slice(0, -1)
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem
}

const step1c = (word: string): string =>
  word.endsWith('y') && hasVowel(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word

function replaced(word: string, rules: readonly Rule[], above: number): string {
  const rule = rules.find(([suffix]) => word.endsWith(suffix))
  if (rule === undefined) return word
  const stem = word.slice(0, -rule[0].length)
  return measure(stem) > above ? stem + rule[1] : word
}

function step4(word: string): string {
  const suffix = STEP_4.find((ending) => word.endsWith(ending))
  if (suffix === undefined) return word
  const stem = word.slice(0, -suffix.length)
  return measure(stem) > 1 && (suffix !== 'ion' || /[st]$/.test(stem)) ? stem : word
}

function step5(word: string): string {
  const bare = word.slice(0, -1)
  const size = measure(bare)
  const isBare = word.endsWith('e') && (size > 1 || (size === 1 && !endsShort(bare)))
  const result = isBare ? bare : word
  return result.endsWith('ll') && measure(result) > 1 ? result.slice(0, -1) : result
}

/** How many times a run of vowels is followed by a run of consonants: Porter's m. */
function measure(stem: string): number {
  let count = 0
  let wasVowel = false
  for (let at = 0; at < stem.length; at++) {
    const isVowel = isVowelAt(stem, at, wasVowel)
    if (wasVowel && !isVowel) count++
    wasVowel = isVowel
  }
  return count
}

function hasVowel(stem: string): boolean {
  let wasVowel = false
  for (let at = 0; at < stem.length; at++) {
    wasVowel = isVowelAt(stem, at, wasVowel)
    if (wasVowel) return true
  }
  return false
}

/** A `y` is a vowel after a consonant. */
function isVowelAt(word: string, at: number, wasVowel: boolean): boolean {
  const letter = word[at] ?? ''
  return letter === 'y' ? at > 0 && !wasVowel : 'aeiou'.includes(letter)
}

const endsDouble = (stem: string): boolean =>
  stem.length > 1 && stem.at(-1) === stem.at(-2) && !'aeiou'.includes(stem.at(-1) ?? '')

/** Consonant, vowel, consonant other than w, x and y: Porter's *o. */
function endsShort(stem: string): boolean {
  const kinds: boolean[] = []
  for (let at = 0; at < stem.length; at++) kinds.push(isVowelAt(stem, at, kinds.at(-1) ?? false))
  return (
    stem.length > 2 && kinds.at(-3) === false && kinds.at(-2) === true && kinds.at(-1) === false && !/[wxy]$/.test(stem)
  )
}
