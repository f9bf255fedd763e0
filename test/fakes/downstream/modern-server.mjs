// A downstream MCP server of the modern era over stdio, on the official SDK.
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { modernServer } from './modern-tools.mjs'

serveStdio(() => modernServer(), { legacy: 'reject' })
