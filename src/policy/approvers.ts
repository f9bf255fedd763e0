import type { Principal } from '../kernel/principal.ts'
import { factSheet } from './facts.ts'
import type { PolicyDocument } from './schema.ts'

/** The approvers that stand for everybody with the role `admin`, unless a group of that name is defined. */
export const ADMINS = 'admins'

/**
 * Whether a person is a member of one of the groups, as the document defines them or as sign-in brings them. Admins are
 * members of nothing by being admins, except of `admins`. What cannot be told is a no.
 */
export function isApprover(
  { groups = {} }: Pick<PolicyDocument, 'groups'>,
  approvers: readonly string[],
  person: Principal,
): boolean {
  const isAdmin = person.credential === 'admin' || person.roles?.includes('admin') === true
  if (isAdmin && approvers.includes(ADMINS) && !Object.hasOwn(groups, ADMINS)) return true
  const sheet = factSheet(new Map(Object.entries(groups)))
  const selects = sheet.selects({ groups: [...approvers] }, false)
  return selects(sheet.read(person))
}

/** One name for a person whichever way it came in, so that it counts once; the principal's id where no person is named. */
export const personOf = ({ id, user }: Pick<Principal, 'id' | 'user'>): string =>
  user === undefined ? id : `user:${sameName(user)}`

/** The name of a user, the same for all ways to write it. */
export const sameName = (user: string): string => user.normalize('NFC').toLowerCase()
