import type { AuditEvent } from '../kernel/audit.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Decision, Obligation } from '../kernel/policy.ts'
import type { Source } from '../kernel/source.ts'
import type { Feature, Tool } from '../kernel/tool.ts'
import { decide } from '../policy/decide.ts'
import { type Facts, outcomeOf, toEvent } from './act-record.ts'
import { type Clearance, clearanceOf } from './approvals/clearance.ts'
import { governedExchange } from './asking.ts'
import { auditResult } from './audit-arguments.ts'
import type { GatewayDeps } from './gateway.ts'
import { isBuiltIn } from './meta/definitions.ts'
import { takeLimits } from './obligations.ts'
import { redactedFailure } from './redactions.ts'
import type { Snapshot } from './snapshot.ts'
import { isWithin } from './view-for.ts'

/** Something that an agent wants of a connection: a tool called, a resource read, a prompt got. */
export interface Act<F extends Feature, Result extends JsonObject> {
  /** The audit event's type, such as `tool.call`. */
  readonly type: string
  /** What was asked for, in the agent's words. */
  readonly asked: string
  readonly exchange: Exchange
  /** The built-in tool that the act came through, and what policy asks of going that way. */
  readonly through?: { readonly tool: Tool; readonly obligations: readonly Obligation[] } | undefined
  find(snapshot: Snapshot): F | undefined
  /** For what does not exist, and in the same words for what is hidden. */
  unknown(): GatewayError
  /** The input that is decided on and sent on; throws `invalid_input`. */
  parse(feature: F): JsonObject
  /** What is sent besides the input: people approve that, too. */
  readonly besides?: JsonObject
  /** `exchange` is the caller's, with policy on what the source asks of it. */
  send(source: Source, feature: F, input: JsonObject, on: Sending): Promise<Result>
  /** What policy wants done to the result before anyone sees it. */
  finish(result: Result, obligations: readonly Obligation[], feature: F): Result
}

export interface Sending {
  readonly snapshot: Snapshot
  readonly exchange: Exchange
}

/**
 * The life of everything that reaches a source, top to bottom. Every exit passes the ledger.
 * Throws GatewayError; what is hidden and what does not exist are the same `unknown()`.
 */
export async function perform<F extends Feature, Result extends JsonObject>(
  deps: GatewayDeps,
  act: Act<F, Result>,
): Promise<Result> {
  const snapshot = deps.snapshot()
  const course = deps.telemetry?.begin(act.type, act.exchange)
  const exchange = course ? withMeta(act.exchange, course.meta) : act.exchange
  const facts: Facts = { startedAt: deps.clock(), policy: snapshot.policy, course, exchange }
  try {
    const resuming = deps.ledger.check(facts.startedAt)
    if (resuming) await resuming
    const result = await run(deps, snapshot, act, facts)
    close(deps, act, facts, {
      phase: 'outcome',
      outcome: result['isError'] === true ? 'error' : 'ok',
      result: auditResult(result, facts.decision),
    })
    return result
  } catch (error) {
    const failure = toGatewayError(error)
    if (failure.code === 'internal')
      deps.log.error({ requestId: exchange.requestId }, `${act.type} failed`, failure.cause)
    close(deps, act, facts, { phase: 'outcome', ...outcomeOf(failure, facts) })
    throw failure
  }
}

function close(
  deps: GatewayDeps,
  act: Act<Feature, JsonObject>,
  facts: Facts,
  outcome: Pick<AuditEvent, 'phase'> & Partial<AuditEvent>,
): void {
  const event = toEvent(deps, act, facts, outcome)
  deps.ledger.outcome(event)
  facts.course?.ended(event)
}

/** The same object when nothing changes. */
const withMeta = (exchange: Exchange, meta: JsonObject | undefined): Exchange =>
  meta === undefined || meta === exchange.meta ? exchange : { ...exchange, meta }

/** Throws, or rejects, before anything was done, when the act may not begin. */
function run<F extends Feature, Result extends JsonObject>(
  deps: GatewayDeps,
  snapshot: Snapshot,
  act: Act<F, Result>,
  facts: Facts,
): Promise<Result> {
  const feature = findVisible(snapshot, act, facts)
  const { principal, ending } = facts.exchange
  return deps.freezes.guard({ agent: principal.agent, connection: feature.connection, ending }, () =>
    govern(deps, snapshot, act, { facts, feature }),
  )
}

/** What is known to exist for the caller, and is not stopped. */
async function govern<F extends Feature, Result extends JsonObject>(
  deps: GatewayDeps,
  snapshot: Snapshot,
  act: Act<F, Result>,
  { facts, feature }: { readonly facts: Facts; readonly feature: F },
): Promise<Result> {
  const { exchange } = facts
  facts.labels = deps.runs.seen(exchange)
  const input = (facts.input = act.parse(feature))
  const decision = (facts.decision = owing(act, ask(snapshot, facts, feature, 'invoke')))
  if (decision.effect === 'deny') throw new GatewayError('denied', decision.reason, { data: { rule: decision.rule } })
  const { obligations } = decision
  const clearance = clearanceOf(deps, obligations, () => ({
    act: act.type,
    feature,
    input: { ...input, ...act.besides },
    policyVersion: facts.policy.version,
    exchange,
  }))
  if (clearance?.approval !== undefined) facts.approval = clearance.approval
  // Limits come first, so that a flood cannot fill the approvers' queue.
  const counted = clearance?.isCounted ? undefined : takeLimits(deps, obligations, exchange.principal, feature)
  if (counted) await counted
  if (clearance) await clearance.demand()
  const cleared = { facts, feature, input, snapshot, clearance, obligations }
  // Our own tools wait for nobody else's server.
  if (isBuiltIn(feature)) return act.finish(await dispatch(deps, act, cleared), obligations, feature)
  const turn = { principal: exchange.principal.id, connection: feature.connection, ending: exchange.ending }
  const carryOut = (waited: boolean): Promise<Result> => {
    const refused = waited ? refusalNow(deps, act, facts) : undefined
    return refused ? Promise.reject(refused) : dispatch(deps, act, cleared)
  }
  return act.finish(await deps.concurrency.run(turn, carryOut), obligations, feature)
}

interface Cleared<F extends Feature> {
  readonly facts: Facts
  readonly feature: F
  readonly input: JsonObject
  readonly snapshot: Snapshot
  readonly clearance: Clearance | undefined
  readonly obligations: readonly Obligation[]
}

/** What was decided, counted and cleared goes to its source. */
async function dispatch<F extends Feature, Result extends JsonObject>(
  deps: GatewayDeps,
  act: Act<F, Result>,
  { facts, feature, input, snapshot, clearance, obligations }: Cleared<F>,
): Promise<Result> {
  const source = sourceOf(snapshot, feature)
  if (feature.effect !== 'read') await deps.ledger.intent(toEvent(deps, act, facts, { phase: 'intent' }))
  const exchange = governedExchange(facts.exchange, obligations, () => refusalNow(deps, act, facts))
  const send = (meta: JsonObject | undefined): Promise<Result> =>
    act.send(source, feature, input, { snapshot, exchange: withMeta(exchange, meta) })
  const { course } = facts
  const carried = (): Promise<Result> => (course ? course.sending(feature, send) : send(exchange.meta))
  try {
    return await (clearance ? clearance.around(carried) : carried())
  } catch (error) {
    throw redactedFailure(obligations, error)
  } finally {
    // Before anyone reads it, and whatever is left of it: the run has seen it from here on, a failure's words too.
    for (const one of obligations) if (one.kind === 'label') deps.runs.mark(facts.exchange, one.labels)
  }
}

/** Why the act could not be begun any more, on what is in force now. */
function refusalNow<F extends Feature, Result extends JsonObject>(
  deps: GatewayDeps,
  act: Act<F, Result>,
  facts: Facts,
): GatewayError | undefined {
  const now = deps.snapshot()
  const feature = act.find(now)
  if (!feature || !isWithin(now, feature, act.exchange.toolset)) return act.unknown()
  const later = { ...facts, startedAt: deps.clock(), labels: deps.runs.seen(facts.exchange) }
  if (ask(now, later, feature, 'see').effect === 'deny') return act.unknown()
  const decision = ask(now, later, feature, 'invoke')
  if (decision.effect === 'deny') return new GatewayError('denied', decision.reason, { data: { rule: decision.rule } })
  const anew = decision.obligations.find((one) => one.kind === 'approval' && !wasAsked(facts.decision, one.rule))
  return (
    anew &&
    new GatewayError(
      'denied',
      `The rule "${anew.rule}" asks for a person's approval since a moment ago. Call again to ask for it.`,
      { data: { rule: anew.rule } },
    )
  )
}

/** Whether the rule's approval was part of what the call was begun on. */
const wasAsked = (decision: Decision | undefined, rule: string): boolean =>
  decision?.effect === 'allow' && decision.obligations.some((one) => one.kind === 'approval' && one.rule === rule)

/** Obligations are a union: those of the way that the act came count too, each rule's once. */
function owing({ through }: Pick<Act<Feature, JsonObject>, 'through'>, decision: Decision): Decision {
  if (!through || decision.effect === 'deny') return decision
  const known = new Set(decision.obligations.map((obligation) => JSON.stringify(obligation)))
  const more = through.obligations.filter((obligation) => !known.has(JSON.stringify(obligation)))
  return { ...decision, obligations: [...decision.obligations, ...more] }
}

/** What the principal may not see does not exist for it, so that its name leaks nothing. The ledger knows why. */
function findVisible<F extends Feature, Result extends JsonObject>(
  snapshot: Snapshot,
  act: Act<F, Result>,
  facts: Facts,
): F {
  const feature = act.find(snapshot)
  if (!feature) throw act.unknown()
  facts.feature = feature
  if (!isWithin(snapshot, feature, act.exchange.toolset)) throw act.unknown()
  const seen = ask(snapshot, facts, feature, 'see')
  if (seen.effect === 'allow') return feature
  facts.decision = seen
  throw act.unknown()
}

function ask(
  { policy }: Snapshot,
  { startedAt: at, exchange, input, labels }: Facts,
  tool: Feature,
  verb: 'see' | 'invoke',
): Decision {
  return decide(policy, { principal: exchange.principal, tool, verb, at, input, labels })
}

/** A connection that is known but down has a source that says so; this is for one that was taken away meanwhile. */
function sourceOf(snapshot: Snapshot, { connection }: Feature): Source {
  const source = snapshot.sources.get(connection)
  if (source) return source
  throw new GatewayError(
    'connection_unusable',
    `The connection "${connection}" is not available right now. Try again later, or ask an admin to look at it.`,
  )
}
