import type { AuthMethod, Provider } from './provider.ts'
import { propertiesOf } from './schema-of.ts'
import { unless } from './unless.ts'
import { hostKeysIn, keysIn, urlTemplateProblems } from './url-template.ts'

/** What is wrong with the addresses that requests go to, in words. */
export function checkBaseUrls(provider: Provider): readonly string[] {
  return [
    ...checkForm('baseUrl', provider.baseUrl),
    ...provider.auth.flatMap((method) => [
      ...checkForm(`auth.${method.id}.baseUrl`, method.baseUrl),
      ...checkKeys(provider, method),
    ]),
  ]
}

const checkForm = (at: string, template: string | undefined): readonly string[] =>
  template === undefined
    ? []
    : [
        ...urlTemplateProblems(template).map((problem) => `${at}: ${problem}`),
        ...unless(!template.endsWith('/'), `${at}: no slash at the end`),
      ]

/** Each `{key}` has exactly one thing that fills it, and what comes out of a credential stays out of the host. */
function checkKeys(provider: Provider, method: AuthMethod): readonly string[] {
  const template = method.baseUrl ?? provider.baseUrl ?? ''
  const settings = settingsOf(provider)
  const captured = Object.keys(method.oauth?.capture ?? {})
  const injected = method.inject.filter((injection) => injection.in === 'path').map(({ name }) => name)
  const sources = [...(settings ?? []), ...captured, ...injected]
  const at = `auth.${method.id}`
  return [
    ...keysIn(template)
      .filter((key) => settings !== undefined && !sources.includes(key))
      .map((key) => `${at}: {${key}} of the base URL is no setting, captured value or path injection`),
    ...keysIn(template)
      .filter((key) => sources.filter((source) => source === key).length > 1)
      .map((key) => `${at}: {${key}} of the base URL is filled by more than one thing`),
    ...injected
      // A connection to a provider without an address brings the placeholder with its own.
      .filter((key) => template !== '' && !keysIn(template).includes(key))
      .map((key) => `${at}: it injects {${key}} into the path, and the base URL has no such placeholder`),
    ...injected
      .filter((key) => hostKeysIn(template).includes(key))
      .map((key) => `${at}: {${key}} would send a credential as a host name`),
  ]
}

/** The names of the settings; undefined where the schema does not say them. */
export const settingsOf = ({ settings }: Provider): readonly string[] | undefined =>
  settings === undefined ? [] : propertiesOf(settings)
