import type { Server } from '@modelcontextprotocol/server'

export function modernServer(state?: { extra: object[]; aborted: number; changed?: () => void }): Server
