/**
 * The outcome of some work, given out after `tidy` was called. The same as `finally` in an async function, with half of what
 * that makes: for what stands around every call.
 */
export const afterwards = <T>(work: Promise<T>, tidy: () => void): Promise<T> =>
  work.then(
    (result) => {
      tidy()
      return result
    },
    (error: unknown) => {
      tidy()
      throw error
    },
  )
