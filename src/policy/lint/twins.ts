import type { Feature } from '../../kernel/tool.ts'
import { isUnconditional, type CompiledRule } from '../rule.ts'
import { type Draft, toolsText } from './finding.ts'

/** A tool of the catalog, whether an agent sees it, and the rules that select both. */
export interface Cell {
  readonly tool: Feature
  readonly isVisible: boolean
  readonly rules: readonly CompiledRule[]
}

/** Finds the places of the catalog at which the same tool of the same server stands, once for each connection to it. */
export function twinsIn(tools: readonly Feature[]): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>()
  for (const [place, { kind, name, fingerprint }] of tools.entries()) {
    const key = JSON.stringify([kind, name, fingerprint])
    const group = groups.get(key) ?? []
    groups.set(key, group)
    group.push(place)
  }
  return [...groups.values()].filter((places) => places.length > 1)
}

/** Tools that an agent is denied through one connection and reaches through another: a deny that it can go around. */
export function lintTwins(
  agent: string,
  twins: readonly (readonly number[])[],
  at: (place: number) => Cell | undefined,
): readonly Draft[] {
  const ways = twins
    .map((places) => places.map(at).filter((cell) => cell !== undefined))
    .map((cells) => ({ closed: cells.filter(isDenied), open: cells.filter(({ isVisible }) => isVisible) }))
    .filter(({ closed, open }) => closed.length > 0 && open.length > 0)
  const idsOf = (cells: readonly Cell[]): readonly string[] => cells.map(({ tool }) => tool.id)
  const closed = idsOf(ways.flatMap((way) => way.closed))
  const open = idsOf(ways.flatMap((way) => way.open))
  if (open.length === 0) return []
  return [
    {
      code: 'open_elsewhere',
      agent,
      message: `Agent "${agent}" is denied ${toolsText(closed)}, and reaches the same through ${toolsText(open)}.`,
      fix: 'Deny them by name instead of by connection, or leave them open on purpose.',
      tools: open,
    },
  ]
}

const isDenied = ({ rules }: Cell): boolean => rules.some((rule) => rule.effect === 'deny' && isUnconditional(rule))
