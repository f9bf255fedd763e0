import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT, type JWTPayload } from 'jose'

export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly publicKey: CryptoKey
  readonly jwk: JWK
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** An identity provider on loopback: it serves the keys that it is given and counts who asks. */
export interface Issuer {
  readonly url: string
  readonly jwksUrl: string
  requests(): number
  publish(...keys: readonly SigningKey[]): void
  /** Answers with this status and text instead of keys. */
  breakWith(status: number, body?: string): void
  close(): Promise<void>
}

export async function startIssuer(...keys: readonly SigningKey[]): Promise<Issuer> {
  let answer = { status: 200, body: JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }) }
  let requests = 0
  const server = createServer((_, response) => {
    requests += 1
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    jwksUrl: `${url}/jwks`,
    requests: () => requests,
    publish: (...next) => (answer = { status: 200, body: JSON.stringify({ keys: next.map(({ jwk }) => jwk) }) }),
    breakWith: (status, body = '') => (answer = { status, body }),
    close: () => closed(server),
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Signs claims as they are. */
export const sign = ({ kid, alg, privateKey }: SigningKey, claims: JWTPayload): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'at+jwt' }).sign(privateKey)
