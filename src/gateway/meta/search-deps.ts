import { visibleSets } from '../../catalog/search/visible-set.ts'
import type { PolicyView } from '../../policy/view.ts'
import type { Snapshot } from '../snapshot.ts'
import type { AliasLearner } from './alias-learner.ts'
import type { SearchBook } from './search-book.ts'
import type { SearchDeps } from './search.ts'

/** What searches share: the index of each catalog, and the statistics of what each view sees of it. */
export const searchDeps = (
  snapshot: () => Snapshot,
  book: Pick<SearchBook, 'of'>,
  learner?: AliasLearner,
): SearchDeps => ({
  snapshot,
  learner,
  index: book.of,
  sets: visibleSets(),
  keyOf: viewKeys(),
})

function viewKeys(): (view: PolicyView) => string {
  const keys = new WeakMap<PolicyView, string>()
  let count = 0
  return (view) => {
    const key = keys.get(view) ?? `view ${(count += 1)}`
    keys.set(view, key)
    return key
  }
}
