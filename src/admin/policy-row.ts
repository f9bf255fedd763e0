import * as z from 'zod'
import { defineCollection } from '../store/store.ts'

const count = z.number().int().min(0)

const changesSchema = z.strictObject({
  gained: count,
  lost: count,
  approvalChanged: count,
  conditionsChanged: count,
  obligationsChanged: count,
  widening: count,
})

const testsSchema = z.strictObject({
  passed: count,
  failed: count,
  skipped: count,
  /** The first of them. */
  failures: z.array(z.strictObject({ name: z.string(), message: z.string() })),
})

const lintSchema = z.strictObject({
  error: count,
  warning: count,
  info: count,
  /** The gravest of them. */
  findings: z.array(z.strictObject({ code: z.string(), severity: z.string(), message: z.string() })),
})

const rowSchema = z.strictObject({
  version: z.number().int().min(1),
  /** Canonical JSON. Kept as text: what cannot be used any more can still be shown, and be replaced. */
  text: z.string(),
  hash: z.string(),
  /** The version that it took the place of; 0 when there was none. */
  parent: count,
  author: z.string(),
  message: z.string().optional(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  tests: testsSchema,
  lint: lintSchema,
  impact: changesSchema.extend({ cells: count }),
  /** It was put into force although tests failed. */
  forced: z.literal(true).optional(),
  /** The version whose text it is once more. */
  restored: count.optional(),
})

/** A version of the managed policy. It is in force when the pointer names its row. */
export type PolicyRow = z.infer<typeof rowSchema>

export const policyRows = defineCollection('policies', rowSchema)

/** Moved by compare-and-set, and nothing else puts a policy into force. */
export const policyPointer = defineCollection(
  'policy_pointer',
  z.strictObject({ row: z.string(), version: z.number().int().min(1) }),
)
export const POINTER = 'active'
