import { no, unsure, type Test } from './condition.ts'
import { DAYS, type Day, type When } from './condition-schema.ts'
import type { LocalTime } from './local-time.ts'

const DAY_MINUTES = 24 * 60

/**
 * The test of a rule's times. A window that ends before it begins spans midnight and belongs to the day on which it
 * begins; `from` is inside, `to` is outside.
 */
export function compileWhen(when: When, zone: string, clock: (at: number) => LocalTime): Test<number> {
  const [first, last] = boundsOf(when)
  const isInWindow = windowOf(when)
  const demand = `the time must be ${describeWhen(when, zone)}`
  return (at) => {
    if (!Number.isFinite(at)) return unsure(demand)
    if (at < first || at > last || !isInWindow(clock(at))) return no(demand)
    return undefined
  }
}

/** The first and the last moment at which a rule holds, in milliseconds since the epoch; infinite where there is none. */
export const boundsOf = ({ notBefore, notAfter }: When): readonly [number, number] => [
  notBefore === undefined ? -Infinity : Date.parse(notBefore),
  notAfter === undefined ? Infinity : Date.parse(notAfter),
]

function windowOf({ days, from, to }: When): (time: LocalTime) => boolean {
  const begin = from === undefined ? 0 : minutesOf(from)
  const end = to === undefined ? DAY_MINUTES : minutesOf(to)
  const open = new Set<Day>(days ?? DAYS)
  if (begin < end) return ({ day, minute }) => open.has(day) && minute >= begin && minute < end
  return ({ day, minute }) => (minute >= begin && open.has(day)) || (minute < end && open.has(dayBefore(day)))
}

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

const dayBefore = (day: Day): Day => DAYS[(DAYS.indexOf(day) + DAYS.length - 1) % DAYS.length] ?? day

function describeWhen({ days, from, to, notBefore, notAfter }: When, zone: string): string {
  const window = from === undefined && to === undefined ? undefined : `${from ?? '00:00'} to ${to ?? '24:00'}`
  const local = days || window ? [days?.join(', '), window, `(${zone})`] : []
  const bounds = [notBefore && `not before ${notBefore}`, notAfter && `not after ${notAfter}`]
  return [...local, ...bounds].filter((part) => part !== undefined).join(' ')
}
