import type { Feature } from '../../kernel/tool.ts'
import { isUnconditional, type CompiledRule } from '../rule.ts'
import { type Draft, toolsText } from './finding.ts'

/** A tool of the catalog, whether an agent sees it, and the rules that select both. */
export interface Cell {
  readonly tool: Feature
  readonly isVisible: boolean
  readonly rules: readonly CompiledRule[]
}

/**
 * Tools that an agent is denied through one connection and reaches through another: a deny that it can go around. The
 * same tool of the same server has the same fingerprint, whatever the connection is.
 */
export function lintTwins(agent: string, cells: readonly Cell[]): readonly Draft[] {
  const ways = [...groups(cells).values()]
    .map((twins) => ({ closed: twins.filter(isDenied), open: twins.filter(({ isVisible }) => isVisible) }))
    .filter(({ closed, open }) => closed.length > 0 && open.length > 0)
  if (ways.length === 0) return []
  const closed = ways.flatMap((way) => way.closed.map(({ tool }) => tool.id))
  const open = ways.flatMap((way) => way.open.map(({ tool }) => tool.id))
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

function groups(cells: readonly Cell[]): ReadonlyMap<string, readonly Cell[]> {
  const byFingerprint = new Map<string, Cell[]>()
  for (const cell of cells) {
    const { fingerprint } = cell.tool
    byFingerprint.set(fingerprint, [...(byFingerprint.get(fingerprint) ?? []), cell])
  }
  return byFingerprint
}

const isDenied = ({ rules }: Cell): boolean => rules.some((rule) => rule.effect === 'deny' && isUnconditional(rule))
