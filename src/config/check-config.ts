import { didYouMean } from './did-you-mean.ts'
import { isLoopbackHost } from './field-schemas.ts'
import { toPointer } from './pointer.ts'
import type { ConfigProblem } from './problems.ts'
import type { ConfigDocument } from './schema.ts'

/** What the parts of a configuration must agree on. */
export const configProblems = (config: ConfigDocument): readonly ConfigProblem[] => [
  ...loopbackAgentProblems(config),
  ...claimedAgentProblems(config),
  ...exposureProblems(config),
  ...slugProblems(config),
]

function loopbackAgentProblems({ identity: { loopbackAgent }, agents }: ConfigDocument): readonly ConfigProblem[] {
  if (loopbackAgent === undefined || Object.hasOwn(agents, loopbackAgent)) return []
  return [{ pointer: '/identity/loopbackAgent', detail: undeclared(loopbackAgent, agents) }]
}

function claimedAgentProblems({ identity: { jwt }, agents }: ConfigDocument): readonly ConfigProblem[] {
  return Object.entries(jwt?.agents ?? {})
    .filter(([, agent]) => !Object.hasOwn(agents, agent))
    .map(([claim, agent]) => ({
      pointer: toPointer(['identity', 'jwt', 'agents', claim]),
      detail: undeclared(agent, agents),
    }))
}

const undeclared = (agent: string, agents: ConfigDocument['agents']): string =>
  `there is no agent "${agent}" in "agents"${didYouMean(agent, Object.keys(agents)) || `; add "${agent}": {} there`}`

/**
 * Whoever can reach the port is the loopback agent, so that nobody from outside may: neither directly nor through a
 * proxy on this machine, whose calls look local.
 */
export function exposureProblems({
  identity,
  server,
}: Pick<ConfigDocument, 'identity' | 'server'>): readonly ConfigProblem[] {
  if (identity.loopbackAgent === undefined) return []
  const advice = `while "loopbackAgent" lets local callers in without a key. Remove "loopbackAgent" and give agents keys (gatehouse agent add <id>), or`
  const problems: ConfigProblem[] = []
  if (!isLoopbackHost(server.host)) {
    problems.push({
      pointer: '/server/host',
      detail: `"${server.host}" is open to the network ${advice} listen on 127.0.0.1`,
    })
  }
  if (server.publicUrl !== undefined && !isLoopbackHost(new URL(server.publicUrl).hostname)) {
    problems.push({ pointer: '/server/publicUrl', detail: `a proxy's calls look local, ${advice} remove "publicUrl"` })
  }
  for (const [index, host] of server.allowedHosts.entries()) {
    if (isLoopbackHost(host.replace(/:[0-9]+$/, ''))) continue
    problems.push({
      pointer: `/server/allowedHosts/${index}`,
      detail: `a proxy's calls look local, ${advice} remove this host`,
    })
  }
  return problems
}

/** `a-b` and `a_b` would be advertised under the same tool names. */
function slugProblems({ connections }: ConfigDocument): readonly ConfigProblem[] {
  const first = new Map<string, string>()
  return Object.keys(connections).flatMap((slug) => {
    const flat = slug.replaceAll(/[-_]+/g, '_')
    const other = first.get(flat)
    if (other === undefined) first.set(flat, slug)
    const detail = `its tools would have the same names as those of "${other ?? ''}": choose names that differ in more than - and _`
    return other === undefined ? [] : [{ pointer: toPointer(['connections', slug]), detail }]
  })
}
