import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Outcome } from './plan.ts'

/** A server at a URL as a managed connection: the body of `POST /connections`. It holds the credential, and is never shown. */
export function toManaged({ slug, name, connection }: Outcome, entry: Json | undefined): JsonObject | undefined {
  const mcp = connection?.['mcp']
  if (!isJsonObject(mcp) || !isJsonObject(entry)) return undefined
  const { url, transport, allowPrivateNetwork } = mcp
  const credential = credentialOf(entry)
  // Keys in the query, and what only the client can fill in, stay in the file as variables.
  if (typeof url !== 'string' || url.includes('${') || !credential) return undefined
  return {
    id: slug,
    provider: 'mcp',
    server: { url, ...(typeof transport === 'string' && { transport }) },
    ...(name !== slug && { title: name.slice(0, 100) }),
    ...(allowPrivateNetwork === true && { allowPrivateNetwork }),
    ...(connection?.['enabled'] === false && { enabled: false }),
    ...credential,
    // The server may be away right now; its state says so afterwards.
    ...('fields' in credential && { untested: true }),
  }
}

type Credential = { readonly method: string; readonly fields?: Readonly<Record<string, string>> }

/** The one header that proves who asks; undefined for several, and for values that refer to something else. */
function credentialOf({ headers, http_headers: others, ...entry }: JsonObject): Credential | undefined {
  if (entry['bearer_token_env_var'] !== undefined || entry['env_http_headers'] !== undefined) return undefined
  const [first, ...more] = [headers, others].flatMap((one) => (isJsonObject(one) ? Object.entries(one) : []))
  if (!first) return { method: 'none' }
  const [header, value] = first
  if (more.length > 0 || typeof value !== 'string' || value.includes('$')) return undefined
  return header.toLowerCase() === 'authorization' ? toScheme(value) : { method: 'key', fields: { header, key: value } }
}

function toScheme(value: string): Credential | undefined {
  const [, scheme = '', rest = ''] = /^(\S+) +(\S.*)$/.exec(value) ?? []
  if (/^bearer$/i.test(scheme)) return { method: 'bearer', fields: { token: rest } }
  const [, username = '', password = ''] = /^([^:]+):(.+)$/s.exec(Buffer.from(rest, 'base64').toString()) ?? []
  return /^basic$/i.test(scheme) && password !== '' ? { method: 'basic', fields: { username, password } } : undefined
}
