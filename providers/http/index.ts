import { defineProvider, failureByStatus } from '#provider-kit'
import { deleteResource, getResource, sendRequest } from './actions.ts'
import { httpAuth } from './auth.ts'
import { settings } from './settings.ts'

/** Any HTTP API within one base URL, which the connection names. */
export default defineProvider({
  id: 'http',
  title: 'HTTP API',
  docs: 'https://www.rfc-editor.org/rfc/rfc9110.html',
  auth: httpAuth,
  headers: { accept: 'application/json, text/plain;q=0.9, */*;q=0.5' },
  settings,
  failure: (reply) =>
    failureByStatus(reply, {
      message: ['/error/message', '/message', '/error_description', '/detail', '/title', '/error', '/errors/0/message'],
    }),
  actions: { get_resource: getResource, send_request: sendRequest, delete_resource: deleteResource },
})
