/** A JSON Pointer (RFC 6901) one step longer. */
export const childPointer = (parent: string, step: PropertyKey): string =>
  `${parent}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`

export const toPointer = (path: readonly PropertyKey[]): string => path.reduce<string>(childPointer, '')
