import type { calendar, CalendarWindow } from './local-time.ts'

const DAY_MS = 86_400_000
/** No window is longer: a month of 31 days, and what daylight saving adds. */
const LONGEST_MS: Readonly<Record<CalendarWindow, number>> = {
  hour: 2 * 3_600_000,
  day: DAY_MS + 2 * 3_600_000,
  week: 7 * DAY_MS + 2 * 3_600_000,
  month: 31 * DAY_MS + 2 * 3_600_000,
}

/** When the calendar window of a moment ends, in milliseconds since the epoch, to the second. */
export function windowEnd(windowOf: ReturnType<typeof calendar>, window: CalendarWindow, at: number): number {
  const name = windowOf(window, at)
  let inside = Math.floor(at / 1_000)
  let outside = inside + LONGEST_MS[window] / 1_000
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2)
    if (windowOf(window, middle * 1_000) === name) inside = middle
    else outside = middle
  }
  return outside * 1_000
}
