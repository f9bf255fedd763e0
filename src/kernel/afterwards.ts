import { toError } from './errors.ts'

/**
 * The outcome of some work, given out after `tidy` was called; what the work throws at once is rejected with, too. The same as
 * `finally` in an async function, with half of what that makes: for what stands around every call.
 */
export function afterwards<T>(work: () => Promise<T>, tidy: () => void): Promise<T> {
  const failed = (error: unknown): never => {
    tidy()
    throw error
  }
  let working: Promise<T>
  try {
    working = work()
  } catch (error) {
    working = Promise.reject(toError(error))
  }
  return working.then((result) => {
    tidy()
    return result
  }, failed)
}
