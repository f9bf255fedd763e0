import { basic, bearer, defineProvider, failureByStatus, none } from '#provider-kit'
import type { AuthMethod } from '#provider-kit'
import { deleteResource, getResource, sendRequest } from './actions.ts'
import { settings } from './settings.ts'

/** A key in a header that the admin names, such as X-Api-Key. */
const headerKey: AuthMethod = {
  kind: 'apiKey',
  id: 'header',
  title: 'Key in a header',
  fields: [
    { key: 'header', label: 'Header name', secret: false, pattern: '^[A-Za-z0-9-]{1,64}$' },
    { key: 'key', label: 'Key', secret: true },
  ],
  inject: [{ in: 'header', name: '{header}', value: '{key}' }],
}

/** Any HTTP API within one base URL, which the connection names. */
export default defineProvider({
  id: 'http',
  title: 'HTTP API',
  docs: 'https://www.rfc-editor.org/rfc/rfc9110.html',
  auth: [none(), bearer(), headerKey, basic()],
  headers: { accept: 'application/json, text/plain;q=0.9, */*;q=0.5' },
  settings,
  failure: (reply) =>
    failureByStatus(reply, {
      message: ['/error/message', '/message', '/error_description', '/detail', '/title', '/error', '/errors/0/message'],
    }),
  actions: { get_resource: getResource, send_request: sendRequest, delete_resource: deleteResource },
})
