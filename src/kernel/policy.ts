import type { JsonObject } from './json.ts'
import type { Principal } from './principal.ts'
import type { Feature } from './tool.ts'

/** AuthZEN's question: may this principal do this to this tool, now. */
export interface Question {
  readonly principal: Principal
  /** A tool, or a resource, template or prompt. */
  readonly tool: Feature
  /** `see`: may the tool be known at all. `invoke`: may it be called with these arguments. */
  readonly verb: 'see' | 'invoke'
  readonly input?: JsonObject | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
  /**
   * Labels of everything that the agent's run has seen so far, such as `untrusted`. Absent: nobody knows, so that rules
   * about runs restrict and do not grant.
   */
  readonly labels?: ReadonlySet<string> | undefined
}

/** Where people are asked: the queue that approvers see, a link for the agent's client, a form that it shows itself. */
export type ApprovalChannel = 'console' | 'elicitation-url' | 'elicitation-form'

export type LimitScope = 'agent' | 'user' | 'tool' | 'connection' | 'organisation'

/** What must be done besides allowing. `rule` names the rule that asked for it. */
export type Obligation =
  | {
      readonly kind: 'approval'
      readonly rule: string
      readonly approvers: readonly string[]
      readonly quorum: number
      readonly allowSelf: boolean
      readonly ttlMs: number
      /** How approvers and agents may hear of it. */
      readonly channels: readonly ApprovalChannel[]
    }
  | {
      readonly kind: 'rateLimit'
      readonly rule: string
      readonly limit: number
      readonly windowMs: number
      readonly per: readonly LimitScope[]
      readonly burst: number
    }
  | {
      readonly kind: 'quota'
      readonly rule: string
      readonly limit: number
      /** The calendar window in which calls count, in `timezone`. */
      readonly window: 'hour' | 'day' | 'week' | 'month'
      readonly timezone: string
      readonly per: readonly LimitScope[]
    }
  | { readonly kind: 'label'; readonly rule: string; readonly labels: readonly string[] }
  | { readonly kind: 'redact'; readonly rule: string; readonly redactions: readonly Redaction[] }
  | { readonly kind: 'maxResponseBytes'; readonly rule: string; readonly bytes: number }
  | { readonly kind: 'log'; readonly rule: string; readonly level: 'meta' | 'hash' | 'args' | 'full' }

/** One thing to take out of a result: a preset, a linear-time pattern, or the value at a JSON Pointer of `structuredContent`. */
export type Redaction =
  | { readonly preset: 'secrets' | 'emails' | 'phones' | 'cards' | 'iban' | 'nationalIds'; readonly with?: string }
  | { readonly pattern: string; readonly with?: string }
  | { readonly pointer: string; readonly with?: string }

/** What one rule said. `note` is `match`, or the pointer or condition that failed and why. */
export interface TraceEntry {
  readonly rule: string
  readonly effect: 'allow' | 'deny' | 'require'
  readonly matched: boolean
  readonly note: string
}

/** What a rule in shadow mode would have done to this question: it was evaluated and not enforced. */
export interface ShadowVerdict {
  readonly rule: string
  /** `deny`: would have denied; `allow`: alone would have allowed what is denied; `obligations`: would have asked for more. */
  readonly would: 'deny' | 'allow' | 'obligations'
  readonly note: string
}

/** Allow or deny; there is no third value. `rule` is the deciding rule, undefined when no rule spoke. */
export type Decision =
  | {
      readonly effect: 'allow'
      readonly rule: string
      readonly obligations: readonly Obligation[]
      readonly trace: readonly TraceEntry[]
      /** Absent when no rule in shadow mode disagrees. */
      readonly shadow?: readonly ShadowVerdict[]
    }
  | {
      readonly effect: 'deny'
      readonly rule: string | undefined
      readonly reason: string
      readonly trace: readonly TraceEntry[]
      readonly shadow?: readonly ShadowVerdict[]
    }
