import type { GatewayError } from '../kernel/errors.ts'
import type { CallerProtocol, Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { Approvals } from './approvals/approvals.ts'

/** What the person behind the client is told, and how. */
export interface Ring {
  readonly kind: 'approval' | 'connect'
  /** The approval's id, or the connection. */
  readonly id: string
  readonly mode: 'url' | 'form'
  readonly message: string
  /** For a browser; empty in a form. */
  readonly url: string
}

/**
 * The ring for a failure that a person can do something about; undefined for others, and for clients that declared no
 * way to be told. A form only where every rule lists that channel.
 */
export function ringOf(approvals: Approvals, error: GatewayError, exchange: Exchange): Ring | undefined {
  if (error.code === 'connect_required') return connectRing(error, exchange)
  const id = error.code === 'approval_required' ? error.data['approval'] : undefined
  const approval = typeof id === 'string' ? approvals.queue.find(id) : undefined
  if (!approval) return undefined
  const channels = error.data['channels']
  const allows = (channel: string): boolean => Array.isArray(channels) && channels.includes(channel)
  const url = approvals.link(approval.id)
  if (allows('elicitation-url') && canShow(exchange, 'url')) {
    const message = `${approval.tool} needs a person's approval. Open the page to see what is asked, and by whom; you may have to sign in.`
    return { kind: 'approval', id: approval.id, mode: 'url', message, url }
  }
  const form = error.data['form']
  if (!allows('elicitation-form') || typeof form !== 'string' || !canShow(exchange, 'form')) return undefined
  return { kind: 'approval', id: approval.id, mode: 'form', message: form, url: '' }
}

function connectRing({ data, message }: GatewayError, exchange: Exchange): Ring | undefined {
  const { connection, url } = data
  if (typeof connection !== 'string' || typeof url !== 'string' || !canShow(exchange, 'url')) return undefined
  return { kind: 'connect', id: connection, mode: 'url', message, url }
}

/** Whether the client declared this mode of elicitation, and can be asked on this request. Without modes it means forms. */
export function canShow({ protocol: { era, capabilities }, ask }: Exchange, mode: Ring['mode']): boolean {
  const { elicitation } = capabilities
  if (!isJsonObject(elicitation) || (era === 'legacy' && !ask)) return false
  return isJsonObject(elicitation[mode]) || (mode === 'form' && !('url' in elicitation))
}

/** Params of `elicitation/create`. Up to 2025-11-25 a URL has an id; 2026-07-28 dropped it. */
export function toQuestion({ mode, id, message, url }: Ring, era: CallerProtocol['era']): JsonObject {
  if (mode === 'url') return { mode, message, url, ...(era === 'legacy' && { elicitationId: id }) }
  return {
    mode,
    message,
    requestedSchema: {
      type: 'object',
      properties: { approve: { type: 'boolean', title: 'Make this call', default: false } },
      required: ['approve'],
    },
  }
}
