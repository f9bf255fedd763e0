import type { Catalog } from '../../catalog/catalog.ts'
import type { Tool } from '../../kernel/tool.ts'
import type { PolicyView } from '../../policy/view.ts'

/** Between a connection and an action, as models write it. */
const SEPARATOR = /__|[:./]/

/**
 * The visible tool that a model means: by canonical id, portable name, connection and action with any usual separator, or
 * a bare name that only one visible tool has. Tools that are not visible take no part, so that they cannot be felt.
 */
export function resolveTool(catalog: Catalog, view: PolicyView, asked: string): Tool | undefined {
  const exact = catalog.find(asked)
  if (exact) return visible(view, exact)
  const name = asked.replace(/^conn(?::|__)/, '')
  const split = SEPARATOR.exec(name)
  const byPath = split ? inConnection(view, name.slice(0, split.index), name.slice(split.index + split[0].length)) : []
  const found = byPath.length > 0 ? byPath : view.tools.filter((tool) => isCalled(tool, name))
  return found.length === 1 ? found[0] : undefined
}

const visible = ({ tools }: PolicyView, { id }: Tool): Tool | undefined => tools.find((tool) => tool.id === id)

const inConnection = ({ tools }: PolicyView, connection: string, name: string): readonly Tool[] =>
  tools.filter((tool) => tool.connection === connection && isCalled(tool, name))

/** By the source's own name, or by the action that stands in its id. */
const isCalled = ({ id, name }: Tool, asked: string): boolean =>
  name === asked || id.slice(id.lastIndexOf(':') + 1) === asked
