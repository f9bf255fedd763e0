import type { Limits, Refusal } from '../gateway/limits.ts'
import type { AuditEvent, AuditLog } from '../kernel/audit.ts'
import { isJsonObject, type Json } from '../kernel/json.ts'
import type { Handlers, Link } from './link.ts'

/** What a worker takes from the owner one call at a time, so that there is one count and one log. */
export interface OwnerPorts {
  readonly limits: Limits
  readonly audit: Pick<AuditLog, 'append'>
}

/** The owner's limits and audit log, asked over the link. Both reject with `overloaded` when the owner is gone. */
export const remotePorts = (link: Link): OwnerPorts => ({
  limits: {
    take(limits, subject) {
      if (limits.length === 0) return undefined
      const asked = link.ask('limits.take', toJson({ limits, subject }))
      return asked.then((refusal) => (isJsonObject(refusal) ? (refusal as object as Refusal) : undefined))
    },
  },
  audit: {
    append: async (event, { canWait = false } = {}) => {
      await link.ask('audit.append', toJson({ event, canWait }))
    },
  },
})

/** The owner's side. The shapes are our own: both sides are the same version of one program. */
export const servePorts = ({ limits, audit }: OwnerPorts): Handlers => ({
  asked: {
    'limits.take': (params) => {
      const asked = params as unknown as {
        limits: Parameters<Limits['take']>[0]
        subject: Parameters<Limits['take']>[1]
      }
      return limits.take(asked.limits, asked.subject)
    },
    'audit.append': async (params) => {
      const { event, canWait } = params as unknown as { event: AuditEvent; canWait: boolean }
      await audit.append(event, { canWait })
    },
  },
})

/** Values of ours that are JSON, whatever their types say; members that are undefined do not travel. */
const toJson = (value: object): Json => value as Json
