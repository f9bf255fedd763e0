const NAME =
  /token|secret|passw|passphrase|api[-_]?key|apikey|credential|^auth|authorization|private[-_]?key|access[-_]?key|cookie|session|(?:^|_)(?:key|pat|pwd)$/i
/** How vendors' keys begin, or how they look when nothing gives them away: long, of one piece, letters and digits mixed. */
const VALUE =
  /^(?:sk-|sk_|pk_|rk_|ghp_|gho_|ghs_|ghu_|github_pat_|glpat-|xox[abprs]-|xapp-|AKIA|ASIA|AIza|ya29\.|eyJ|npm_|hf_|secret_|ntn_|lin_api_|Bearer |Basic |-----BEGIN)/
const DENSE = /^(?=[^a-z]*[a-z])(?=[^0-9]*[0-9])[A-Za-z0-9+=_-]{24,}$/
const URL_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s:]*:[^/@\s]+@/i

/** Whether a value of that name should not stand in a file. Says yes in doubt: a variable too many does no harm. */
export const looksSecret = (name: string, value: string): boolean =>
  value !== '' && (NAME.test(name) || looksLikeKey(value))

/** Whether a value gives itself away, whatever it is called. */
export const looksLikeKey = (value: string): boolean =>
  VALUE.test(value) || DENSE.test(value) || URL_WITH_PASSWORD.test(value)
