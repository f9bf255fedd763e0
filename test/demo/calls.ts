import type { JsonObject } from '../../src/kernel/json.ts'
import type { EmulatedVendors } from './emulated-vendors.ts'

export type Era = 'modern' | 'legacy'
export type DemoDecision = 'allow' | 'deny' | 'hidden' | 'unknown'

/** One call of the demo and what must come of it. */
export interface DemoCall {
  readonly era: Era
  readonly tool: string
  readonly input: JsonObject
  readonly decision: DemoDecision
  readonly rule: string | null
  /** Stands somewhere in what the agent gets. */
  readonly shows: string
  /** Must not reach the agent. */
  readonly hides?: string
}

/** What Sidekick does in the demo: both eras, every kind of decision, MCP servers and providers alike. */
export const demoCalls = ({ repository, channels }: EmulatedVendors): readonly DemoCall[] => [
  {
    era: 'modern',
    tool: 'conn:files:read_text_file',
    input: { path: 'menu.md' },
    decision: 'allow',
    rule: 'assistants-read',
    shows: 'Menu of the week',
  },
  {
    era: 'modern',
    tool: 'conn:files:write_file',
    input: { path: 'menu.md', content: 'Closed.' },
    decision: 'deny',
    rule: 'outbox-only',
    shows: '/path must match',
  },
  {
    era: 'legacy',
    tool: 'conn:everything:get-env',
    input: {},
    decision: 'hidden',
    rule: 'environment-stays-here',
    shows: 'Unknown tool: conn:everything:get-env',
  },
  {
    era: 'legacy',
    tool: 'conn:everything:get-structured-content',
    input: { location: 'Chicago' },
    decision: 'allow',
    rule: 'assistants-read',
    shows: '"temperature"',
  },
  {
    era: 'legacy',
    tool: 'conn:memory:create_entities',
    input: { entities: [{ name: 'Northwind', entityType: 'customer', observations: ['goes live on Thursday'] }] },
    decision: 'allow',
    rule: 'assistants-remember',
    shows: 'Northwind',
  },
  {
    era: 'modern',
    tool: 'conn:github:list_issues',
    input: { ...repository, state: 'open' },
    decision: 'allow',
    rule: 'assistants-read',
    shows: 'Importer stops at orders without a tax number',
  },
  {
    era: 'modern',
    tool: 'conn:slack:send_message',
    input: { channel: channels.general, text: 'The importer is fixed: orders without a tax number are accepted.' },
    decision: 'allow',
    rule: 'announce-in-general',
    shows: channels.general,
  },
  {
    era: 'legacy',
    tool: 'conn:slack:send_message',
    input: { channel: channels.incidents, text: 'All good now.' },
    decision: 'deny',
    rule: 'announce-in-general',
    shows: '/channel',
  },
  {
    era: 'modern',
    tool: 'conn:gmail:search_messages',
    input: { query: 'from:omar' },
    decision: 'allow',
    rule: 'assistants-read',
    shows: '[redacted emails]',
    hides: 'omar@northwind.example',
  },
  {
    era: 'modern',
    tool: 'conn:github:delete_repository',
    input: { ...repository },
    decision: 'unknown',
    rule: null,
    shows: 'Unknown tool: conn:github:delete_repository',
  },
]
