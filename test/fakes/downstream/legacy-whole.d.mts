import type { Server } from '@modelcontextprotocol/sdk/server/index.js'

export interface LegacyState {
  subscriptions: string[]
  levels: string[]
  aborted: number
}

export function newState(): LegacyState
export function legacyWhole(state?: LegacyState): Server
