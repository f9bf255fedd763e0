import { isJSONRPCErrorResponse, type JSONRPCMessage } from '@modelcontextprotocol/server'
import { isJsonObject, type Json } from '../kernel/json.ts'
import { INVALID_PARAMS, RESOURCE_NOT_FOUND } from './rpc.ts'

/** Keeps error codes that the SDK changes on their way out. */
export interface FaithfulErrors {
  /** The data to send with an error of that code. */
  mark(code: number, data: Json | undefined): unknown
  restore(message: JSONRPCMessage): JSONRPCMessage
}

/**
 * Versions up to 2025-11-25 have −32002 for a resource that is not there; the SDK sends −32602, the number of 2026-07-28,
 * in every era. An error's data goes through it untouched, and so carries the mark.
 */
export function faithfulErrors(): FaithfulErrors {
  const marked = new WeakSet<object>()
  return {
    mark(code, data) {
      if (code !== RESOURCE_NOT_FOUND) return data
      const copy = isJsonObject(data) ? { ...data } : {}
      marked.add(copy)
      return copy
    },
    restore(message) {
      if (!isJSONRPCErrorResponse(message) || message.error.code !== INVALID_PARAMS) return message
      const { data } = message.error
      if (typeof data !== 'object' || data === null || !marked.has(data)) return message
      return { ...message, error: { ...message.error, code: RESOURCE_NOT_FOUND } }
    },
  }
}
