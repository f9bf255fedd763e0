import { termOf } from './postings.ts'
import type { ToolPostings } from './read-tools.ts'

/** Which tools have a term: those of term n are from `starts[n]` to `starts[n + 1]`, in the order of the tools. */
export interface TermPostings {
  readonly tools: Uint32Array
  /** Field and count of each, as the low bits of a posting. */
  readonly marks: Uint16Array
  readonly starts: Uint32Array
  /** How many terms have any tool. */
  readonly used: number
}

const MARKS = 0x7ff

/** Turns the postings of tools over by a counting sort. */
export function* turnOver(byTool: ToolPostings, terms: number): Generator<undefined, TermPostings> {
  const { postings } = byTool
  const starts = new Uint32Array(terms + 1)
  for (const _ of eachTool(byTool, (posting) => increment(starts, termOf(posting) + 1))) yield
  const used = starts.reduce((sum, size) => sum + Math.sign(size), 0)
  for (let term = 1; term <= terms; term++) increment(starts, term, starts[term - 1])
  const tools = new Uint32Array(postings.length)
  const marks = new Uint16Array(postings.length)
  const next = starts.slice()
  const file = (posting: number, tool: number): void => {
    const at = increment(next, termOf(posting))
    tools[at] = tool
    marks[at] = posting & MARKS
  }
  for (const _ of eachTool(byTool, file)) yield
  return { tools, marks, starts, used }
}

function* eachTool(
  { postings, starts }: ToolPostings,
  visit: (posting: number, tool: number) => void,
): Generator<undefined> {
  for (let tool = 0; tool + 1 < starts.length; tool++) {
    const end = starts[tool + 1] ?? 0
    for (let at = starts[tool] ?? 0; at < end; at++) visit(postings[at] ?? 0, tool)
    yield
  }
}

/** Adds and returns what was there before. */
function increment(counts: Uint32Array, at: number, by = 1): number {
  const before = counts[at] ?? 0
  counts[at] = before + by
  return before
}
