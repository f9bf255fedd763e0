import { apiKey, basic, bearer, custom, none, sigv4, type AuthMethod } from '#provider-kit'

const key = { key: 'key', label: 'Key', secret: true }

/** A key in a header that the admin names, such as X-Api-Key. */
const headerKey: AuthMethod = {
  kind: 'apiKey',
  id: 'header',
  title: 'Key in a header',
  fields: [
    { key: 'header', label: 'Header name', secret: false, pattern: '^[A-Za-z0-9-]{1,64}$', placeholder: 'X-Api-Key' },
    key,
  ],
  inject: [{ in: 'header', name: '{header}', value: '{key}' }],
}

/** A key in a query parameter that the admin names, such as api_key. */
const queryKey: AuthMethod = {
  kind: 'apiKey',
  id: 'query',
  title: 'Key in the query',
  fields: [
    { key: 'parameter', label: 'Parameter', secret: false, pattern: '^[A-Za-z0-9._-]{1,64}$', placeholder: 'api_key' },
    key,
  ],
  inject: [{ in: 'query', name: '{parameter}', value: '{key}' }],
}

/** A key in a cookie that the admin names, such as session. */
const cookieKey: AuthMethod = {
  kind: 'apiKey',
  id: 'cookie',
  title: 'Key in a cookie',
  fields: [
    { key: 'cookie', label: 'Cookie name', secret: false, pattern: '^[A-Za-z0-9._-]{1,64}$', placeholder: 'session' },
    key,
  ],
  inject: [{ in: 'cookie', name: '{cookie}', value: '{key}' }],
}

/** Two headers together, as several services want an account and a key. */
const headerPair = custom({
  id: 'headers',
  title: 'Two headers',
  fields: [
    { key: 'idHeader', label: 'Name of the first header', secret: false, pattern: '^[A-Za-z0-9-]{1,64}$' },
    { key: 'idValue', label: 'Its value', secret: true },
    { key: 'keyHeader', label: 'Name of the second header', secret: false, pattern: '^[A-Za-z0-9-]{1,64}$' },
    { key: 'keyValue', label: 'Its value', secret: true },
  ],
  inject: [
    { in: 'header', name: '{idHeader}', value: '{idValue}' },
    { in: 'header', name: '{keyHeader}', value: '{keyValue}' },
  ],
})

/** Every way that needs no sign-in page: it is the connection that names the service. */
export const httpAuth: readonly AuthMethod[] = [
  none(),
  bearer(),
  headerKey,
  basic(),
  queryKey,
  cookieKey,
  apiKey({ path: 'key' }, { id: 'path', title: 'Key in the path: the base URL holds {key}' }),
  headerPair,
  sigv4({ service: 'execute-api', region: '{region}', title: 'AWS signature (API Gateway)' }),
]
