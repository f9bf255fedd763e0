import type { Features } from '../catalog/features.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { NameStyle } from '../kernel/principal.ts'
import type { Feature, FeatureKind } from '../kernel/tool.ts'
import type { PolicyView } from '../policy/view.ts'
import { toAdvertised, slimmed, withConnections } from './advertised.ts'
import { isBuiltIn } from './meta/definitions.ts'
import { type Page, type PageLimits, type Pages, toPages } from './list-pages.ts'
import { renameUris } from './rename-uris.ts'
import { type AutoModes, autoModes, listedTools, possibleMode, type Presentation } from './tool-mode.ts'

/** One page of `tools/list`. */
export interface ToolPage extends Omit<Page, 'items'> {
  readonly tools: readonly JsonObject[]
}

const isToolPage = (page: Page | ToolPage): page is ToolPage => 'tools' in page

/** A page of a listing of tools, under the name that `tools/list` has for it. */
export function toToolPage(page: Page): ToolPage {
  if (isToolPage(page)) return page
  throw new Error('This is no page of tools.')
}

/** One kind of features as an agent reads it: names in its style, cut into pages. */
export interface Listing<F extends Feature = Feature> {
  /** The page that a cursor stands for; undefined for a cursor of another list. */
  page(cursor: string | undefined): Page | undefined
  /** What is behind an advertised name. */
  find(name: string): F | undefined
}

export interface Listings {
  of(view: PolicyView, kind: FeatureKind, presentation: Presentation): Listing
}

export interface ListingsOptions extends PageLimits {
  /** The names of the current catalog, for URIs inside definitions. */
  features(): Features
}

/** Keeps each view's listings for as long as the view lives, so that principals with equal rights share one. */
export function listings(options: ListingsOptions): Listings {
  const kept = new WeakMap<PolicyView, Map<string, Listing>>()
  const texts = new WeakMap<Presentation, string>()
  const textOf = (presentation: Presentation): string => {
    const text = texts.get(presentation) ?? JSON.stringify(presentation)
    texts.set(presentation, text)
    return text
  }
  const modes = autoModes((feature) => toAdvertised(feature, feature.wireName, 'portable'))
  return {
    of(view, kind, presentation) {
      const known = kept.get(view) ?? new Map<string, Listing>()
      kept.set(view, known)
      const key = `${kind} ${kind === 'tool' ? textOf(presentation) : presentation.style}`
      const listing = known.get(key) ?? toListing(view, kind, presentation, { ...options, modes })
      known.set(key, listing)
      return listing
    },
  }
}

interface Making extends ListingsOptions {
  readonly modes: AutoModes
}

function toListing(
  view: PolicyView,
  kind: FeatureKind,
  presentation: Presentation,
  { features, modes, ...limits }: Making,
): Listing {
  const { style } = presentation
  const visible = view.features.filter((feature) => feature.kind === kind)
  const naming = namingOf(view.features, style)
  const byName = new Map(visible.map((feature) => [naming(feature), feature]))
  const names = features()
  // Most listings are only asked what is behind a name: their pages are made for the first who reads one.
  let made: Pages | undefined
  const pages = (): Pages => {
    if (made) return made
    const shown = kind === 'tool' ? toolsShown(view, visible, presentation, modes) : visible
    const items = shown.map((feature) =>
      renameUris(names, feature.connection, toAdvertised(feature, naming(feature), style)),
    )
    return (made = toPages(kind, items, limits))
  }
  return {
    page: (cursor) => (cursor === undefined ? pages().first : pages().byCursor.get(cursor)),
    find: (name) => byName.get(name),
  }
}

function toolsShown(
  view: PolicyView,
  visible: readonly Feature[],
  presentation: Presentation,
  modes: AutoModes,
): readonly Feature[] {
  const wanted = possibleMode(view, presentation.mode, presentation.style)
  const full = (): readonly Feature[] => listedTools(visible, 'full', presentation)
  const mode = wanted === 'auto' ? modes(`${view.signature} ${JSON.stringify(presentation)}`, full) : wanted
  const listed = listedTools(visible, mode, presentation).map((tool) => withConnections(tool, visible))
  return presentation.schemas === 'slim' ? listed.map(slimmed) : listed
}

/** `plain` is for an agent that sees exactly one connection; with more, names could collide, so it falls back. */
function namingOf(features: readonly Feature[], style: NameStyle): (feature: Feature) => string {
  const others = features.filter((feature) => !isBuiltIn(feature))
  const single = new Set(others.map(({ connection }) => connection)).size <= 1
  return (feature) => {
    if (feature.kind === 'resource' || feature.kind === 'template') return feature.wireName
    if (style === 'canonical') return feature.id
    return style === 'plain' && single && !isBuiltIn(feature) ? feature.name : feature.wireName
  }
}
