import { GatewayError } from '../kernel/errors.ts'
import { checkAction } from './check-action.ts'
import { checkAuth } from './check-auth.ts'
import { checkBaseUrls } from './check-base-urls.ts'
import { checkScopes } from './check-scopes.ts'
import type { Provider } from './provider.ts'
import { unless } from './unless.ts'

const PROVIDER_ID = /^[a-z][a-z0-9_-]{0,30}$/

/**
 * Throws `config_invalid` that lists everything that a manifest says wrongly: a provider that does not say what its actions
 * do, need and keep is not built into the product. Not done when it starts: it takes longer than all else that a start does.
 */
export function checkProvider(manifest: Provider): void {
  const problems = [
    ...checkIdentity(manifest),
    ...checkBaseUrls(manifest),
    ...checkAuth(manifest),
    ...checkScopes(manifest),
    ...Object.entries(manifest.actions).flatMap(([id, action]) =>
      checkAction(id, action).map((problem) => `actions.${id}: ${problem}`),
    ),
  ]
  if (problems.length === 0) return
  throw new GatewayError('config_invalid', `The provider "${manifest.id}" cannot be used:\n${toList(problems)}`, {
    data: { problems },
  })
}

const toList = (problems: readonly string[]): string => problems.map((problem) => `- ${problem}`).join('\n')

function checkIdentity({ id, title, docs, actions, headers = {} }: Provider): readonly string[] {
  return [
    ...unless(PROVIDER_ID.test(id), 'id: lower-case letters, digits, - and _, at most 31'),
    ...unless(title.length > 0, 'title: missing'),
    ...unless(URL.canParse(docs), 'docs: not a URL'),
    ...unless(Object.keys(actions).length > 0, 'actions: there are none'),
    ...Object.entries(headers).flatMap(([name, value]) =>
      unless(/^[\w-]+$/.test(name) && !/\p{Cc}/u.test(value), `headers.${name}: not a header`),
    ),
  ]
}
