import type { Server } from '@modelcontextprotocol/server'

export function modernServer(): Server
