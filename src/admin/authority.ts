import { GatewayError } from '../kernel/errors.ts'
import type { Principal, Role } from '../kernel/principal.ts'

/**
 * Who may do something: anyone, whoever is known (`caller`), an agent with its own credential, or a person with this role or
 * one that includes it.
 */
export type Need = 'anyone' | 'caller' | 'agent' | Role

/** The roles that suffice. An admin may do all, and whoever has any role may look. */
const SUFFICIENT: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ['viewer', 'auditor', 'approver', 'admin'],
  auditor: ['auditor', 'admin'],
  approver: ['approver', 'admin'],
  admin: ['admin'],
}

/** Whether the principal is what is needed. Agents have no role, whatever their claims say. */
export function may(principal: Principal, need: Need): boolean {
  if (need === 'anyone' || need === 'caller') return true
  if (need === 'agent') return isAgent(principal)
  return rolesOf(principal).some((role) => SUFFICIENT[need].includes(role))
}

/** `forbidden`, with what is missing and who has it to give. */
export function refusal(principal: Principal, need: Need): GatewayError {
  const who = shown(principal)
  if (need === 'agent') {
    return new GatewayError('forbidden', `Only an agent may do this, and ${who} is none. Use the key of an agent.`)
  }
  const roles = need === 'admin' ? 'an admin' : need === 'viewer' ? 'a person with a role' : `an ${need} or an admin`
  return new GatewayError(
    'forbidden',
    `Only ${roles} may do this, and ${who} is none. Use the key of such a person, or the admin token on the gateway's machine.`,
  )
}

/** The roles of people, and all of them for the holder of the lock file's token. */
export function rolesOf({ credential, roles = [] }: Principal): readonly Role[] {
  if (credential === 'admin') return ['admin']
  return credential === 'person' ? roles : []
}

const isAgent = ({ credential }: Principal): boolean => credential !== 'admin' && credential !== 'person'

const shown = ({ id }: Principal): string => id
