/** Tokens by the prefixes that their issuers document, keys in PEM, JWTs. Every repetition is bounded. */
const TOKENS = [
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{20,64})/g,
  /\bx(?:ox[a-z]?(?:\.xox[a-z])?|app)-[A-Za-z0-9-]{10,255}/g,
  /\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or|svcacct)?[-_]?[A-Za-z0-9_-]{16,255}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\b(?:AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9._-]{20,2048}|GOCSPX-[A-Za-z0-9_-]{20,64})/g,
  /\b(?:npm|pypi|hf|dop_v1|shpat|whsec|ntn|secret|lin_api)[_-][A-Za-z0-9]{16,255}/g,
  /\b(?:ATATT3x[A-Za-z0-9_=-]{20,512}|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64})/g,
  /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,4096}\.eyJ[A-Za-z0-9_-]{5,8192}\.[A-Za-z0-9_-]{10,2048}/g,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){1,20000}(?:-----END [A-Z ]{0,40}-----)?/g,
  /\b(?:Bearer|Basic) [A-Za-z0-9._~+/-]{16,4096}=*/g,
]
/** The password of a URL's user part (RFC 3986 §3.2.1). */
const IN_URL = /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,100}:)[^\s/@"']{1,256}(?=@)/gi

const NAMES =
  'pass(?:word|wd|phrase)|pwd|api[_-]?key|(?:access|refresh|auth|id|session|bot)[_-]?token|client[_-]?secret|' +
  'private[_-]?key|secret(?:[_-]?(?:access[_-]?)?key)?|authorization'
/** `password: …`, `"api_key": "…"`, also inside of JSON that is a text of JSON: the name stays, the value goes. */
const NAMED = new RegExp(
  `((?:${NAMES})\\\\?["']?\\s{0,3}[:=]\\s{0,3})` +
    `(?:(\\\\")([^"\\\\]{1,4096})|(")((?:[^"\\\\]|\\\\.){1,4096})|(')([^'\\r\\n]{1,4096})|()((?:(?:Bearer|Basic|Token) {1,3})?[^\\s"',;\\\\]{6,256}))`,
  'gi',
)
const SECRET_NAME = new RegExp(`(?:^|[^A-Za-z0-9]|[a-z])(?:${NAMES})$`, 'i')

/** Takes secrets out of a text. */
export function withoutSecrets(text: string, mark: string): string {
  const tokens = TOKENS.reduce((words, pattern) => words.replaceAll(pattern, () => mark), text)
  return tokens
    .replaceAll(IN_URL, () => mark)
    .replaceAll(NAMED, (found: string, name: string, ...[a, aText, b, bText, c, cText, d, dText]: string[]) => {
      const value = aText ?? bText ?? cText ?? dText ?? ''
      // The first word of the mark, where one stands already.
      if (mark.startsWith(value)) return found
      return `${name}${a ?? b ?? c ?? d ?? ''}${mark}`
    })
}

/** Whether a member of this name holds a secret, whatever its value looks like. */
export const isSecretName = (name: string): boolean => name.length <= 128 && SECRET_NAME.test(name)
