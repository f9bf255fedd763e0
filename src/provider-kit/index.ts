export { action } from './action.ts'
export { apiKey, basic, bearer, custom, none, sigv4 } from './auth.ts'
export { base64url, fromBase64url } from './base64url.ts'
export { defineProvider } from './define-provider.ts'
export { failureByStatus, retryAfter, wordsOf } from './failure.ts'
export { invalidInput } from './invalid-input.ts'
export { mime } from './mime.ts'
export { linkTo, nextPage } from './paging.ts'
export { clientCredentials, oauth2 } from './oauth.ts'
export { path, segments } from './path.ts'
export { at } from './pointer.ts'
export type { KeyPlace, MethodOptions } from './auth.ts'
export type { FailureWords } from './failure.ts'
export type { Mail, MailAttachment } from './mime.ts'
export type { OAuthOptions } from './oauth.ts'
export type { Segments } from './path.ts'
export type {
  Action,
  ActionEffect,
  AuthMethod,
  Capture,
  CredentialField,
  Injection,
  OAuthSpec,
  Provider,
  Settings,
  SigV4Spec,
  VendorFailure,
} from './provider.ts'
export type { Path, QueryValue, WireBody, WireReply, WireRequest } from './request.ts'
