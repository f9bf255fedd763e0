import { GatewayError } from '../kernel/errors.ts'
import type { AuthMethod, Provider } from './provider.ts'

/** The provider's auth method of that id; throws `config_invalid` that lists the ones it has. */
export function methodOf(provider: Pick<Provider, 'title' | 'auth'>, id: string): AuthMethod {
  const method = provider.auth.find((candidate) => candidate.id === id)
  if (method) return method
  const known = provider.auth.map((candidate) => candidate.id).join(', ')
  const name = JSON.stringify(id.slice(0, 64))
  throw new GatewayError('config_invalid', `${provider.title} has no way to sign in called ${name}. It has: ${known}.`)
}
