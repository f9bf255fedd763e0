import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'

/** The largest body of an MCP request, where nothing else is said. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024

/** On every answer: browsers make no use of it. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
}

export const isPerson = ({ credential }: Principal): boolean => credential === 'person'

/** Rules speak of agents: what is no agent is under none of them. */
export function refusePerson(principal: Principal): void {
  if (!isPerson(principal)) return
  const { id } = principal
  throw new GatewayError(
    'forbidden',
    `${id} is a person, and tools are for agents: connect with the key of an agent. A person's key opens the API and the pages.`,
  )
}
