/**
 * How often a term stands in a field of a tool, as one unsigned 32-bit number: 21 bits of term, 3 of field, 8 of count
 * (255 and more are the same). An index has hundreds of thousands of them, so they are not objects.
 */
export const packed = (term: number, field: number, count: number): number =>
  ((term << 11) | (field << 8) | Math.min(count, 255)) >>> 0

export const termOf = (posting: number): number => posting >>> 11
export const fieldOf = (posting: number): number => (posting >>> 8) & 7
export const countOf = (posting: number): number => posting & 255

/** Terms beyond this number do not fit into a posting. */
export const MAX_TERMS = 2 ** 21

/** A growing list of postings. */
export interface PostingList {
  readonly length: number
  add(posting: number): void
  finished(): Uint32Array
}

export function postingList(): PostingList {
  let postings = new Uint32Array(1_024)
  let length = 0
  return {
    get length() {
      return length
    },
    add(posting) {
      if (length === postings.length) {
        const grown = new Uint32Array(length * 2)
        grown.set(postings)
        postings = grown
      }
      postings[length++] = posting
    },
    finished: () => postings.slice(0, length),
  }
}
