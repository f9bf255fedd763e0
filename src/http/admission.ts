import { type GatewayError, toGatewayError } from '../kernel/errors.ts'

/** Rejects when the caller would be refused by now, or has other roles than when it was let in. */
export type Recheck = () => Promise<void>

/** Keys end and roles are taken away while an answer goes on: it ends within twice this time, milliseconds. */
const RECHECK_MS = 400

/** Asks again and again whether the caller is still let in, and says once when it is not. Calling the result stops that. */
export function watchAdmission(recheck: Recheck, onRefused: (error: GatewayError) => void): () => void {
  let isAsking = false
  const timer = setInterval(() => {
    if (isAsking) return
    isAsking = true
    recheck().then(
      () => {
        isAsking = false
      },
      (error: unknown) => {
        clearInterval(timer)
        onRefused(toGatewayError(error))
      },
    )
  }, RECHECK_MS)
  return () => clearInterval(timer)
}

/** The same for what is done piece by piece: asks at most that often, and rejects as `recheck` does. */
export function checkedNowAndThen(recheck: Recheck, clock: () => number): Recheck {
  let nextAt = clock() + RECHECK_MS
  return async () => {
    if (clock() < nextAt) return
    await recheck()
    nextAt = clock() + RECHECK_MS
  }
}
