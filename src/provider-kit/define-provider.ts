import type { Provider } from './provider.ts'

/** Declares a service. It only ties the types together; `checkProvider` checks what it says before it is shipped. */
export const defineProvider = <const Manifest extends Provider>(manifest: Manifest): Manifest => manifest
