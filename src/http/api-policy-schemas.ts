import * as z from 'zod'
import type { PolicyInput } from '../admin/policy-document.ts'
import { anyObject } from './answers.ts'

/** A policy as it is sent: as JSON, or as the text of a file, whose problems then have lines and columns. */
export const policyInputFields = {
  document: z.unknown().optional().describe('The policy document.'),
  text: z.string().max(1_048_576).optional().describe('The document as text, for problems with lines and columns.'),
}

interface Sent {
  readonly document?: unknown
  readonly text?: string | undefined
}

/** Undefined when neither was sent; the text when both were. */
export const toInput = ({ document, text }: Sent): PolicyInput | undefined =>
  text !== undefined ? { text } : document === undefined ? undefined : { document }

export const layerText = z.enum(['managed', 'declared']).describe('The document whose place it takes.')

export const saveFields = {
  message: z.string().min(1).max(500).optional().describe('Why, for the history.'),
  force: z.boolean().optional().describe('Puts it into force although tests fail; recorded.'),
  dryRun: z.boolean().optional().describe('Does everything but putting it into force.'),
}

export const testsAnswer = z
  .looseObject({
    passed: z.number(),
    failed: z.number(),
    results: z.array(z.looseObject({ name: z.string(), passed: z.boolean(), expected: z.string(), got: z.string() })),
    skipped: z.array(z.string()).describe('Tests about servers whose tools nobody knows yet.'),
  })
  .meta({ id: 'PolicyTestReport' })

export const findingAnswer = z
  .looseObject({
    code: z.string(),
    severity: z.enum(['error', 'warning', 'info']),
    path: z.string(),
    message: z.string(),
    fix: z.string(),
  })
  .meta({ id: 'PolicyFinding' })

export const savedAnswer = z
  .looseObject({
    version: z.number(),
    etag: z.string(),
    hash: z.string(),
    state: z.enum(['activated', 'unchanged', 'dry_run']),
    forced: z.boolean(),
    tests: testsAnswer,
    lint: z.array(findingAnswer),
    warnings: z.array(anyObject),
    impact: anyObject,
  })
  .meta({ id: 'SavedPolicy' })

export const versionAnswer = z
  .looseObject({
    version: z.number(),
    etag: z.string(),
    hash: z.string(),
    parent: z.number(),
    author: z.string().optional(),
    message: z.string().optional(),
    at: z.number().optional(),
    active: z.boolean(),
    forced: z.boolean().optional(),
    restored: z.number().optional(),
  })
  .meta({ id: 'PolicyVersion' })

export const documentAnswer = versionAnswer
  .extend({ document: z.unknown(), problem: z.string().optional() })
  .meta({ id: 'ManagedPolicy' })
