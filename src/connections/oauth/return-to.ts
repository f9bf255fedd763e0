import { GatewayError } from '../../kernel/errors.ts'

const MOST_CHARACTERS = 500
/** Stands for our own origin: whatever resolves to another one leads away from us. */
const HERE = 'https://here.invalid'

/** The path on this gateway to go back to, in its normal form; throws `invalid_request` for anything that leads elsewhere. */
export function checkReturnTo(text: string): string {
  const isPath = text.length <= MOST_CHARACTERS && /^\/(?![/\\])[\x21-\x7e]*$/.test(text) && !text.includes('\\')
  const url = isPath && URL.canParse(text, HERE) ? new URL(text, HERE) : undefined
  const path = url?.origin === HERE ? `${url.pathname}${url.search}${url.hash}` : undefined
  // dot segments can leave two slashes at the front, which is a host again
  if (path !== undefined && !path.startsWith('//')) return path
  throw new GatewayError(
    'invalid_request',
    `returnTo must be a path on this gateway, such as /console, of at most ${MOST_CHARACTERS} characters.`,
  )
}
