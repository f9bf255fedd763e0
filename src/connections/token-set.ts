export type { OAuthClient, Refresh, TokenSet } from '../kernel/token-set.ts'
