import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio'
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BUILT_MAIN } from '../helpers/built.ts'
import { installation, serving } from '../helpers/cli.ts'
import { legacyClient, modernClient } from '../helpers/opening-clients.ts'

const RULES = [
  { id: 'free', effect: 'allow', tools: { connections: ['gatehouse'] } },
  {
    id: 'ask-first',
    effect: 'allow',
    tools: { connections: ['tools'] },
    obligations: { approval: { approvers: ['admins'] } },
  },
]
const ECHO = { name: 'conn__tools__echo', arguments: { message: 'over stdio' } }

describe('a call over stdio that needs approval', () => {
  it.each(['modern', 'legacy'] as const)(
    'of a %s client waits for the command line',
    { timeout: 90_000 },
    async (era) => {
      const place = await installation()
      await place.configure({ policy: { rules: RULES } })
      await serving(place)
      const parameters = {
        command: process.execPath,
        args: [BUILT_MAIN, 'stdio', '--agent', 'sidekick'],
        env: { PATH: process.env['PATH'] ?? '', GATEHOUSE_CONFIG: place.configPath },
        stderr: 'pipe' as const,
      }
      const open = async (url: string): Promise<void> => {
        const id = new URL(url).pathname.split('/').at(-1) ?? ''
        expect((await place.run('approvals', 'show', id)).out).toContain('"message": "over stdio"')
        const said = await place.run('approvals', 'approve', id)
        expect([said.code, said.out]).toEqual([0, 'The call is approved.\n'])
      }
      const result = await (era === 'modern' ? modernResult(parameters, open) : legacyResult(parameters, open))
      expect(result).toMatchObject({ content: [{ text: '{"message":"over stdio"}' }] })
      const listed = await place.run('approvals', 'list', '--json')
      expect(JSON.parse(listed.out)).toMatchObject({ items: [{ state: 'consumed', outcome: 'ok' }] })
    },
  )
})

type Parameters = ConstructorParameters<typeof LegacyStdio>[0]
type Open = (url: string) => Promise<void>

async function modernResult(parameters: Parameters, open: Open): Promise<unknown> {
  const client = modernClient({ url: true, open })
  onTestFinished(() => client.close())
  await client.connect(new ModernStdio(parameters))
  return client.callTool(ECHO)
}

async function legacyResult(parameters: Parameters, open: Open): Promise<unknown> {
  const client = legacyClient({ url: true, open })
  onTestFinished(() => client.close())
  await client.connect(new LegacyStdio(parameters))
  return client.callTool(ECHO)
}
