import {
  CLIENT_CAPABILITIES_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { type Ender, endingWith } from '../kernel/ending.ts'
import type { CallerProtocol, Exchange, Resumption } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { clientCapabilities, isAskable } from './capabilities.ts'
import { clientRequests } from './client-requests.ts'
import { metaToForward } from './meta.ts'

/** Who sent one request, and what the logs call it. Comes from the door, never from the message. */
export interface Caller {
  readonly principal: Principal
  readonly requestId: string
  /** The toolset at whose door it knocked. */
  readonly toolset?: string | undefined
  /** The legacy session or the pipe that it speaks over. */
  readonly session?: string | undefined
}

/** RFC 5424 §6.2.1 as MCP names them, least important first. */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const isLogLevel = (value: unknown): value is LogLevel => LOG_LEVELS.some((level) => level === value)

/** The only version that describes itself in each request; older ones negotiate once. Versions are dates. */
export const MODERN_VERSION = '2026-07-28'

/** The protocol that a modern request declares about itself; the SDK has checked the envelope. */
export function modernProtocol(envelope: JsonObject): CallerProtocol {
  const version = envelope[PROTOCOL_VERSION_META_KEY]
  return {
    era: 'modern',
    version: typeof version === 'string' ? version : MODERN_VERSION,
    capabilities: clientCapabilities(toObject(envelope[CLIENT_CAPABILITIES_META_KEY])),
  }
}

export interface ExchangeParts {
  readonly caller: Caller
  readonly params: JsonObject
  readonly protocol: CallerProtocol
  readonly ending: Ender
  readonly onLog?: Exchange['onLog']
}

/** An exchange without a way to talk back before its result. Written out, for it is made for every request. */
export function plainExchange({ caller, params, protocol, ending, onLog }: ExchangeParts): Exchange {
  const { principal, requestId, toolset, session } = caller
  return { principal, requestId, ending, protocol, toolset, session, meta: metaToForward(params), onLog }
}

/**
 * An exchange over the SDK's context: progress goes out under the caller's own token, log messages when the caller asked
 * for them (`logLevel` of a modern request, the session's level of a legacy one, where none set means all). A legacy
 * client is asked over it; how a modern one is asked is the business of `parking.ts`.
 */
export function sdkExchange(
  parts: Omit<ExchangeParts, 'ending'>,
  context: ServerContext,
  sessionLevel: LogLevel | undefined,
): Exchange {
  const { mcpReq } = context
  const { era, capabilities } = parts.protocol
  const notify = (method: string, params: JsonObject): void => {
    mcpReq.notify({ method, params }).catch(() => undefined) // the caller has gone; its signal says so to the source
  }
  const token = toObject(parts.params['_meta'])['progressToken']
  const level = era === 'modern' ? envelopeOf(mcpReq)[LOG_LEVEL_META_KEY] : (sessionLevel ?? 'debug')
  const resumption = era === 'modern' ? resumptionOf(mcpReq) : undefined
  return {
    ...plainExchange({ ...parts, ending: endingWith(mcpReq.signal) }),
    ...(resumption && { resumption }),
    ...(era === 'legacy' && isAskable(capabilities) && { ask: clientRequests(context, capabilities, mcpReq.signal) }),
    ...((typeof token === 'string' || typeof token === 'number') && {
      onProgress: (progress) => notify('notifications/progress', { ...progress, progressToken: token }),
    }),
    ...(isLogLevel(level) && {
      onLog: (message) => {
        if (isLoud(message, level)) notify('notifications/message', message)
      },
    }),
  }
}

/** What a modern client sends when it retries a call that asked for input; undefined in a first request. */
function resumptionOf({ inputResponses, requestState }: ServerContext['mcpReq']): Resumption | undefined {
  const state = requestState()
  if (inputResponses === undefined && state === undefined) return undefined
  return {
    ...(inputResponses && { inputResponses: toObject(inputResponses) }),
    ...(state !== undefined && { requestState: typeof state === 'string' ? state : '' }),
  }
}

/** True when a log message is at least as important as the level. One without a known level is let through. */
export const isLoud = ({ level }: JsonObject, threshold: LogLevel): boolean =>
  !isLogLevel(level) || LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold)

export const envelopeOf = ({ envelope }: ServerContext['mcpReq']): JsonObject => toObject(envelope)

export const toObject = (value: unknown): JsonObject => (isJsonObject(value) ? value : {})
