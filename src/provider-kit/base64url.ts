/** Base64 with the URL alphabet and no padding (RFC 4648 §5); text is taken as UTF-8. */
export const base64url = (value: string | Uint8Array): string => Buffer.from(value as Uint8Array).toString('base64url')

/** UTF-8 text of base64url or base64; characters outside of the alphabet are skipped. */
export const fromBase64url = (value: string): string => Buffer.from(value, 'base64url').toString('utf8')
