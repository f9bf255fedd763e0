import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { type JsonObject, isJsonObject } from '../kernel/json.ts'

/** So that no signature of another purpose can pass for one of ours. */
const PURPOSE = 'gatehouse audit statement\n'
/** The DER of an Ed25519 private key is this and the 32 bytes of its seed (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SIGNED = /^(\{.*),"signature":"([A-Za-z0-9_-]{86})"\}$/s
const KID_LENGTH = 16

/** What others need to check our statements without any secret of ours. */
export interface StatementKey {
  /** The first 16 characters of the SHA-256 of the key's SPKI, base64url. */
  readonly kid: string
  /** SubjectPublicKeyInfo (RFC 8410) in base64url. */
  readonly spki: string
  readonly publicKey: KeyObject
}

export interface StatementSigner {
  readonly key: StatementKey
  /** A line without its line feed: the body's members, `kid`, and last an Ed25519 `signature` over all bytes before it. */
  sign(body: JsonObject): string
}

/** `seed`: 32 bytes, the Ed25519 private key (RFC 8032): `vault.derive('audit-checkpoint')`. */
export function statementSigner(seed: Buffer): StatementSigner {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const key = toStatementKey(createPublicKey(privateKey))
  return {
    key,
    sign(body) {
      const covered = JSON.stringify({ ...body, kid: key.kid }).slice(0, -1)
      return `${covered},"signature":"${sign(null, bytesOf(covered), privateKey).toString('base64url')}"}`
    },
  }
}

/** The key of a base64url SPKI; undefined when it is none of Ed25519. */
export function readStatementKey(spki: string): StatementKey | undefined {
  try {
    const publicKey = createPublicKey({ key: Buffer.from(spki, 'base64url'), format: 'der', type: 'spki' })
    return publicKey.asymmetricKeyType === 'ed25519' ? toStatementKey(publicKey) : undefined
  } catch {
    return undefined
  }
}

export interface OpenedStatement {
  readonly body: JsonObject
  /** Which of the keys has signed it. */
  readonly keyIndex: number
}

/** Undefined unless one of the keys has signed exactly these bytes. */
export function openStatement(line: string, keys: readonly StatementKey[]): OpenedStatement | undefined {
  const [, covered = '', encoded = ''] = SIGNED.exec(line) ?? []
  const signature = Buffer.from(encoded, 'base64url')
  // The last character has bits to spare: only one way of writing a signature counts.
  if (encoded === '' || signature.toString('base64url') !== encoded) return undefined
  const body = parsed(`${covered}}`)
  const keyIndex = keys.findIndex(({ kid }) => kid === body?.['kid'])
  const key = keys[keyIndex]
  if (!body || !key || !verify(null, bytesOf(covered), key.publicKey, signature)) return undefined
  return { body, keyIndex }
}

/** SHA-256 of a signed line without its line feed, base64url: what the next one calls `previous`. */
export const statementHash = (line: string): string => createHash('sha256').update(line).digest('base64url')

const bytesOf = (covered: string): Buffer => Buffer.from(PURPOSE + covered)

function toStatementKey(publicKey: KeyObject): StatementKey {
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const kid = createHash('sha256').update(der).digest('base64url').slice(0, KID_LENGTH)
  return { kid, spki: der.toString('base64url'), publicKey }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
