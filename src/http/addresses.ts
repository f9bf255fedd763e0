export const CALLBACK_PATH = '/oauth/callback'
export const CLIENT_DOCUMENT_PATH = '/.well-known/oauth-client'

/** What is registered at services as redirect address. */
export const redirectUriOf = (publicUrl: URL): string => new URL(CALLBACK_PATH, publicUrl).href

/** The page of a connect link. */
export const connectLinkOf = (publicUrl: URL, flow: string): string =>
  new URL(`/connect/${encodeURIComponent(flow)}`, publicUrl).href
