import type { Transport } from '@modelcontextprotocol/client'

const MARK = 'dev.gatehouse/'

/**
 * A method under a name that the SDK does not know. On a modern line it holds every answer to a method that it knows against
 * its own schemas, and refuses it whole for one type of content that it has never heard of. `plainMethods` takes the mark off.
 */
export const unchecked = (method: string): string => `${MARK}${method}`

/** Lets requests go out under the names that servers know. */
export function plainMethods(transport: Transport): void {
  const send = transport.send.bind(transport)
  transport.send = (message, options) =>
    send(
      'method' in message && message.method.startsWith(MARK)
        ? { ...message, method: message.method.slice(MARK.length) }
        : message,
      options,
    )
}
