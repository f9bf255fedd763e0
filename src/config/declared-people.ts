import type { Person } from '../kernel/principal.ts'
import type { Config } from './schema.ts'

/** The people of the file, by id. */
export const declaredPeople = ({ people }: Pick<Config, 'people'>): ReadonlyMap<string, Person> =>
  new Map(Object.entries(people).map(([id, person]) => [id, { id, ...person, origin: 'declared' }]))
