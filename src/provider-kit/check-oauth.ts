import type { AuthMethod, Capture, OAuthSpec } from './provider.ts'
import { unless } from './unless.ts'
import { keysIn, urlTemplateProblems } from './url-template.ts'

/** RFC 6901; empty is the whole. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/
/** RFC 6749 §3.3, without the comma that some vendors separate with. */
const SCOPE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/
/** What the authorization request says itself (RFC 6749 §4.1.1, RFC 7636 §4.3). */
const RESERVED = ['client_id', 'code_challenge', 'code_challenge_method', 'redirect_uri', 'response_type', 'state']

/** What is wrong with the OAuth part of a method, in words. */
export const checkOAuth = (
  { fields }: AuthMethod,
  oauth: OAuthSpec,
  settings: readonly string[] | undefined,
): readonly string[] => {
  const plain = fields.filter((field) => !field.secret).map((field) => field.key)
  const fillers = settings && [...settings, ...plain]
  return [
    ...unless(
      oauth.grant !== 'authorization_code' || oauth.authorizeUrl !== undefined,
      'oauth.authorizeUrl: missing; people must be sent somewhere',
    ),
    ...unless(
      fields.some((field) => field.key === 'client_id'),
      'oauth: the field client_id is missing',
    ),
    ...addressesOf(oauth).flatMap(([name, url]) => checkAddress(`oauth.${name}`, url, fillers)),
    ...checkParameters(oauth),
    ...checkPointers(oauth),
    ...checkLifetimes(oauth),
    ...Object.entries(oauth.capture ?? {}).flatMap(([key, capture]) =>
      checkCapture(key, capture, fields).map((problem) => `oauth.capture.${key}: ${problem}`),
    ),
  ]
}

const addressesOf = ({ authorizeUrl, tokenUrl, revoke, capture = {} }: OAuthSpec): readonly [string, string][] => [
  ...(authorizeUrl === undefined ? [] : [['authorizeUrl', authorizeUrl] satisfies [string, string]]),
  ['tokenUrl', tokenUrl],
  ...(revoke ? [['revoke.url', revoke.url] satisfies [string, string]] : []),
  ...Object.entries(capture).flatMap(([key, { url }]): [string, string][] =>
    url === undefined ? [] : [[`capture.${key}.url`, url]],
  ),
]

const checkAddress = (at: string, url: string, fillers: readonly string[] | undefined): readonly string[] => [
  ...urlTemplateProblems(url).map((problem) => `${at}: ${problem}`),
  ...keysIn(url)
    .filter((key) => fillers !== undefined && !fillers.includes(key))
    .map((key) => `${at}: {${key}} is no setting and no field that may be seen`),
]

function checkParameters({ authorizeParams = {}, baseScopes = [], scopes = [], issuer }: OAuthSpec): readonly string[] {
  return [
    ...Object.keys(authorizeParams)
      .filter((name) => RESERVED.includes(name))
      .map((name) => `oauth.authorizeParams: ${name} is set by the gateway`),
    ...[...baseScopes, ...scopes]
      .filter((scope) => !SCOPE.test(scope))
      .map((scope) => `oauth: ${JSON.stringify(scope)} is not one scope`),
    ...unless(issuer === undefined || isIssuer(issuer), 'oauth.issuer: an https URL without query and fragment'),
  ]
}

/** RFC 9207 §2: as the vendor writes it, so that it can be compared as text. */
const isIssuer = (text: string): boolean => urlTemplateProblems(text).length === 0 && keysIn(text).length === 0

const checkPointers = ({ tokenAt = '', errorAt }: OAuthSpec): readonly string[] =>
  Object.entries({
    tokenAt,
    'errorAt.errorPointer': errorAt?.errorPointer ?? '',
    'errorAt.okPointer': errorAt?.okPointer ?? '',
  })
    .filter(([, pointer]) => !POINTER.test(pointer))
    .map(([name]) => `oauth.${name}: not a JSON Pointer`)

const checkLifetimes = ({ lifetimeMs, refreshLifetimeMs }: OAuthSpec): readonly string[] =>
  Object.entries({ lifetimeMs, refreshLifetimeMs })
    .filter(([, ms]) => ms !== undefined && !(Number.isSafeInteger(ms) && ms > 0))
    .map(([name]) => `oauth.${name}: whole milliseconds, more than 0`)

function checkCapture(key: string, { from, at, url }: Capture, fields: AuthMethod['fields']): readonly string[] {
  return [
    ...unless(/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(key), 'the name is letters, digits and _'),
    ...unless(key !== 'access_token' && !fields.some((field) => field.key === key), 'a field has this name already'),
    ...unless(from === 'callback' ? at.length > 0 : POINTER.test(at), 'at: a JSON Pointer, or the name of a parameter'),
    ...unless((from === 'request') === (url !== undefined), 'url: belongs to what is asked for with a request'),
  ]
}
