const FIRST_MS = 1_000
const LONGEST_MS = 60_000

/**
 * How long to wait before attempt number `failures + 1`: exponential, 1 s to 60 s, with full jitter, so that what fell
 * together does not come back together (AWS Architecture Blog, "Exponential Backoff And Jitter"). `random` gives [0, 1).
 */
export const backoffMs = (failures: number, random: () => number): number =>
  Math.floor(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16)))
