import { settingsOf } from './check-base-urls.ts'
import { checkOAuth } from './check-oauth.ts'
import { patternProblem } from './pattern.ts'
import type { AuthMethod, CredentialField, Injection, Provider } from './provider.ts'
import { unless } from './unless.ts'

const KEY = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
const METHOD_ID = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
/** RFC 9110 §5.6.2; a `{key}` may stand for it. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** What is wrong with the ways to sign in, in words. */
export function checkAuth(provider: Provider): readonly string[] {
  const ids = provider.auth.map((method) => method.id)
  return [
    ...unless(ids.length > 0, 'auth: name at least one method; none() when there is no credential'),
    ...unless(new Set(ids).size === ids.length, 'auth: two methods have the same id'),
    ...provider.auth.flatMap((method) =>
      [
        ...unless(METHOD_ID.test(method.id), 'the id is letters, digits, - and _'),
        ...unless(method.title.length > 0, 'title: missing'),
        ...checkFieldList(method),
        ...checkInjections(method),
        ...checkKind(method, provider),
      ].map((problem) => `auth.${method.id}: ${problem}`),
    ),
  ]
}

function checkFieldList({ fields }: AuthMethod): readonly string[] {
  const keys = fields.map((field) => field.key)
  return [...unless(new Set(keys).size === keys.length, 'two fields have the same key'), ...fields.flatMap(checkField)]
}

function checkField({ key, label, pattern, description }: CredentialField): readonly string[] {
  const fault = pattern === undefined ? undefined : patternProblem(pattern)
  return [
    ...unless(KEY.test(key), `the key "${key}" is letters, digits and _`),
    ...unless(key !== 'method', 'a field cannot be called "method": that names the method itself'),
    ...unless(label.length > 0, `${key}: label missing`),
    ...unless(
      description === undefined || description.length <= 300,
      `${key}: a description has at most 300 characters`,
    ),
    ...(fault === undefined ? [] : [`${key}: its pattern cannot be used: ${fault}`]),
  ]
}

function checkInjections({ kind, fields, inject, oauth }: AuthMethod): readonly string[] {
  const granted = oauth ? ['access_token', ...Object.keys(oauth.capture ?? {})] : []
  const known = [...fields.map((field) => field.key), ...granted]
  const used = inject.flatMap(templateKeys)
  // The fields of these are for the signature and the token endpoint.
  const isInjected = kind !== 'sigv4' && kind !== 'oauth2'
  return [
    ...used.filter((key) => !known.includes(key)).map((key) => `{${key}} is none of its fields`),
    ...(isInjected ? fields.map((field) => field.key) : ['access_token'].filter(() => kind === 'oauth2'))
      .filter((key) => !used.includes(key))
      .map((key) => `${key} is sent nowhere`),
    ...inject
      .filter((injection) => !hasGoodName(injection))
      .map(({ in: place, name }) => `"${name}" cannot be the name of a ${place} injection`),
  ]
}

const templateKeys = ({ name, value, in: place }: Injection): readonly string[] =>
  [...`${place === 'path' ? '' : name} ${value}`.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '')

function hasGoodName({ in: place, name }: Injection): boolean {
  if (place === 'path') return KEY.test(name)
  return place === 'query' ? name.length > 0 : TOKEN.test(name.replaceAll(/\{[^{}]*\}/g, 'x'))
}

function checkKind(method: AuthMethod, provider: Provider): readonly string[] {
  const { kind, fields, inject, oauth, sigv4 } = method
  const settings = settingsOf(provider)
  return [
    ...unless(
      kind !== 'none' || (fields.length === 0 && inject.length === 0),
      'none() has no fields and sends nothing',
    ),
    ...unless(['none', 'sigv4', 'oauth2'].includes(kind) || fields.length > 0, 'it has no fields'),
    ...unless(
      (kind === 'oauth2') === (oauth !== undefined),
      'oauth: belongs to methods of the kind oauth2, and to all',
    ),
    ...unless((kind === 'sigv4') === (sigv4 !== undefined), 'sigv4: belongs to methods of the kind sigv4, and to all'),
    ...(oauth ? checkOAuth(method, oauth, settings) : []),
    ...(sigv4 ? checkSigV4(method, sigv4, settings) : []),
  ]
}

const SIGV4_FIELDS = ['accessKeyId', 'secretAccessKey']

function checkSigV4(
  { fields }: AuthMethod,
  { service, region }: NonNullable<AuthMethod['sigv4']>,
  settings: readonly string[] | undefined,
): readonly string[] {
  const keys = fields.map((field) => field.key)
  const setting = /^\{([^{}]+)\}$/.exec(region)?.[1]
  return [
    ...SIGV4_FIELDS.filter((key) => !keys.includes(key)).map((key) => `sigv4: the field ${key} is missing`),
    ...unless(/^[a-z0-9-]{1,64}$/.test(service), 'sigv4.service: lower-case letters, digits and -, such as s3'),
    ...unless(
      setting === undefined ? /^[a-z0-9-]{1,32}$/.test(region) : (settings?.includes(setting) ?? true),
      'sigv4.region: a region such as eu-central-1, or {name} of a setting',
    ),
  ]
}
