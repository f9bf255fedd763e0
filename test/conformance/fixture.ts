import { parseArgs } from 'node:util'
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { type Eras, httpFixture } from './fixture/http.ts'
import { fixtureServer } from './fixture/server.ts'
import { fixtureState } from './fixture/state.ts'

/*
 * The downstream server of the conformance runs, as a program: over stdio, or with `--http <port>` over Streamable HTTP,
 * whose URL is then the first line of stdout. `--eras legacy` or `--eras modern` leaves the other era out.
 */
const { values } = parseArgs({
  options: { http: { type: 'string' }, eras: { type: 'string', default: 'dual' } },
})
const eras = toEras(values.eras)

if (values.http !== undefined) console.log((await httpFixture(eras, Number(values.http))).url)
else if (eras === 'legacy') await fixtureServer(fixtureState(), 'legacy').connect(new StdioServerTransport())
else {
  const state = fixtureState()
  serveStdio(({ era }) => fixtureServer(state, era), { legacy: eras === 'dual' ? 'serve' : 'reject' })
}

function toEras(value: string): Eras {
  if (value === 'dual' || value === 'legacy' || value === 'modern') return value
  throw new Error(`--eras is dual, legacy or modern, not ${value}`)
}
