/** Marks a message with the call on whose stream it came. A symbol: nothing that came as JSON can have it. */
const ORIGIN = Symbol('origin')

/** The message, marked as one that came on the stream of the call `tag`; answers, and calls without a tag, need none. */
export function withOrigin<T extends object>(message: T, tag: unknown): T {
  if (typeof tag !== 'number' || !('method' in message)) return message
  const params = 'params' in message ? message.params : undefined
  return { ...message, params: { ...(typeof params === 'object' ? params : {}), [ORIGIN]: tag } }
}

/** The tag of the call on whose stream the params came; undefined when the transport has one stream for everything. */
export function originOf(params: unknown): number | undefined {
  if (typeof params !== 'object' || params === null || !(ORIGIN in params)) return undefined
  return typeof params[ORIGIN] === 'number' ? params[ORIGIN] : undefined
}
