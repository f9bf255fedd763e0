import { invalidInput, path, segments } from '#provider-kit'
import type { Path, Settings } from '#provider-kit'
import * as z from 'zod'

/** What an admin allows on the connection's address. Reading is the default; writing must be asked for. */
export const settings = z.strictObject({
  methods: z.array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])).default(['GET', 'HEAD']),
  /** Path prefixes below the base URL, matched by whole segments. */
  allowedPaths: z.array(z.string().startsWith('/')).min(1).default(['/']),
  /** Sent with every request; not for secrets. */
  headers: z.record(z.string(), z.string()).default({}),
  /** For AWS signatures: where the API lives, such as eu-central-1. */
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .optional(),
})

type Method = z.output<typeof settings>['methods'][number]

/** The encoded path and the fixed headers, once method and path are within what the settings allow. */
export function permitted(
  method: Method,
  text: string,
  given: Settings,
): { path: Path; headers: Record<string, string> } {
  const { methods, allowedPaths, headers } = settings.parse(given)
  if (!methods.includes(method)) {
    throw invalidInput(`${method} is not allowed on this connection. Allowed: ${methods.join(', ')}.`)
  }
  if (!allowedPaths.some((prefix) => isUnder(text, prefix))) {
    throw invalidInput(
      `${JSON.stringify(text)} is not allowed on this connection. Allowed: ${allowedPaths.join(', ')}.`,
    )
  }
  return { path: toPath(text), headers }
}

const isUnder = (text: string, prefix: string): boolean => {
  const bare = prefix.replace(/\/$/, '')
  return text === bare || text.startsWith(`${bare}/`)
}

function toPath(text: string): Path {
  if (text === '/') return path`/`
  return text.endsWith('/') ? path`/${segments(text.slice(1, -1))}/` : path`/${segments(text.slice(1))}`
}
