const FIRST_MS = 1_000
const LONGEST_MS = 60_000

/**
 * How long to wait before attempt number `failures + 1`: exponential, 1 s to 60 s, of which half is left to chance, so that
 * what fell together does not come back together (AWS Architecture Blog, "Exponential Backoff And Jitter", equal jitter). The
 * other half is always waited: without it a few quick attempts in a row would make the next wait longer than the failure was.
 * `random` gives [0, 1).
 */
export function backoffMs(failures: number, random: () => number): number {
  const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16))
  return Math.floor((most * (1 + random())) / 2)
}
