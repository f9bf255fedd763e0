import type { Server } from '@modelcontextprotocol/server'

export interface ModernState {
  prompts: readonly object[]
  readonly subscriptions: readonly string[]
  /** The JSON-RPC ids of the calls that asked for input. */
  readonly ids: (string | number)[]
  aborted: number
  /** Whether modern clients are told of less than legacy ones. */
  isShy: boolean
  notify?: { promptsChanged(): void; resourceUpdated(uri: string): void }
}

export function newState(): ModernState
export function modernWhole(state: ModernState, era?: 'legacy' | 'modern'): Server
