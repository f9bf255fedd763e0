/**
 * What is under way right now: things that come and go with every call, by numbers that count up. Neither a `Set` nor a
 * `Map` serves for these: V8 lets each table that one of them outgrows point to the next, so that, once a table has grown
 * old, whatever stood in any later one stays in memory until a full collection. Here nothing points to what has left.
 */
export interface Roster<T> {
  readonly size: number
  /** The number that it leaves by, and is found by until then. */
  enter(item: T): number
  get(number: number): T | undefined
  /** False when it is not there any more. */
  leave(number: number): boolean
  /** The first that fits, in no order. */
  find(fits: (item: T) => boolean): T | undefined
  /** In the order in which they came. */
  all(): readonly T[]
}

export interface RosterOptions {
  /** Numbers are taken from here on; 1 without it. */
  readonly first?: number
  /** After this one it begins with the first again; the largest safe integer without it. */
  readonly last?: number
}

interface Entry<T> {
  readonly number: number
  readonly item: T
}

const SMALLEST = 16

export function roster<T>({ first = 1, last = Number.MAX_SAFE_INTEGER }: RosterOptions = {}): Roster<T> {
  let places = emptyPlaces<T>(SMALLEST)
  let size = 0
  let next = first
  const step = (): void => void (next = next === last ? first : next + 1)
  const entryOf = (number: number): Entry<T> | undefined => {
    const entry = places[number % places.length]
    return entry?.number === number ? entry : undefined
  }
  return {
    get size() {
      return size
    },
    enter(item) {
      if (size * 2 >= places.length) places = wider(places)
      while (places[next % places.length]) step()
      const number = next
      step()
      places[number % places.length] = { number, item }
      size += 1
      return number
    },
    get: (number) => entryOf(number)?.item,
    leave(number) {
      if (!entryOf(number)) return false
      places[number % places.length] = undefined
      size -= 1
      return true
    },
    find: (fits) => places.find((entry) => entry !== undefined && fits(entry.item))?.item,
    all: () =>
      places
        .filter((entry) => entry !== undefined)
        .toSorted((a, b) => a.number - b.number)
        .map(({ item }) => item),
  }
}

type Places<T> = (Entry<T> | undefined)[]

const emptyPlaces = <T>(count: number): Places<T> => Array.from({ length: count }, () => undefined)

/** Numbers that differ in their place differ among twice as many, too. */
function wider<T>(places: Places<T>): Places<T> {
  const more = emptyPlaces<T>(places.length * 2)
  for (const entry of places) if (entry) more[entry.number % more.length] = entry
  return more
}
