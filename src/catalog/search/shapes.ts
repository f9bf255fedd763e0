/** What somebody named in a query without saying what it is: the words that say it. */
interface Shape {
  readonly pattern: RegExp
  readonly words: string
}

const file = (extensions: string): RegExp =>
  new RegExp(String.raw`(?<![\p{L}\p{N}])[\p{L}\p{N}*_-]{0,64}\.(?:${extensions})(?![\p{L}\p{N}_.])`, 'giu')

/**
 * Few, and only what looks the same wherever people work. Every pattern is bounded, so that a query is read in linear
 * time.
 */
const SHAPES: readonly Shape[] = [
  { pattern: /\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g, words: 'email' },
  { pattern: file('png|jpe?g|gif|svg|webp|tiff?'), words: 'file image' },
  { pattern: file('mp3|wav|ogg|flac|m4a'), words: 'file audio' },
  { pattern: file('txt|md|csv|tsv|json|ya?ml|xml|toml|ini|cfg|conf|log|docx?|xlsx?|pptx?|pdf|html?'), words: 'file' },
  { pattern: file('py|ts|java|go|rs|rb|php|sh|sql|css'), words: 'file' },
  // The names of standards and products that are written like the key of an issue are none.
  { pattern: /\b(?!UTF|SHA|ISO|RFC|GPT|COVID|HTTP|WIN|MP)[A-Z][A-Z0-9]{1,9}-\d{1,6}\b/g, words: 'issue jira' },
  { pattern: /(?<![\p{L}\p{N}&/])#\d{1,7}\b/gu, words: 'issue' },
  { pattern: /(?<![\p{L}\p{N}&/])#\p{L}[\p{L}\p{N}_-]{1,79}/gu, words: 'channel' },
  { pattern: /\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|\d{4}-\d\d-\d\d)\b/gi, words: 'calendar' },
  { pattern: /\b\d{1,2}(?::\d\d)? ?(?:am|pm|o.clock)\b/gi, words: 'calendar' },
  { pattern: /\b(?:(?:jan|febr)uary|march|april|may|june|july|august) \d{1,2}\b/gi, words: 'calendar' },
  { pattern: /\b(?:(?:septem|octo|novem|decem)ber) \d{1,2}\b/gi, words: 'calendar' },
]

export interface Shaped {
  /** The text without what was found. */
  readonly rest: string
  /** What was found, as it stood there. */
  readonly names: string
  /** Words for what was found, such as `file` for `budget.xlsx`. */
  readonly kinds: string
}

/** Takes file names, keys of issues, channels and mail addresses out of a query: they say what is meant by how they look. */
export function shaped(text: string): Shaped {
  const names: string[] = []
  const kinds = new Set<string>()
  const rest = SHAPES.reduce(
    (left, { pattern, words }) =>
      left.replaceAll(pattern, (name) => {
        names.push(name)
        kinds.add(words)
        return ' '
      }),
    text,
  )
  return { rest, names: names.join(' '), kinds: [...kinds].join(' ') }
}
