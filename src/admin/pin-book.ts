import * as z from 'zod'
import type { Catalog } from '../catalog/catalog.ts'
import { pinnedPart } from '../catalog/fingerprint.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { Tool, ToolId } from '../kernel/tool.ts'
import { defineCollection, type Store } from '../store/store.ts'
import type { Pin, Pins } from './admin.ts'

const pins = defineCollection(
  'pins',
  z.object({
    fingerprint: z.string(),
    // It comes from JSON, so that its parts are JSON; looking at each of thousands of definitions would copy them all.
    definition: z.custom<JsonObject>(isJsonObject),
    acceptedAt: z.number(),
  }),
)

/** The accepted definition of every tool that was ever seen, kept in the store. */
export interface PinBook extends Pins {
  /** By tool, as of now: what the catalog is built with. */
  fingerprints(): ReadonlyMap<ToolId, string>
  /** Pins tools that nobody has seen before (trust on first use). Durable when it resolves. */
  pinNew(tools: Iterable<Tool>): Promise<void>
}

export interface PinBookDeps {
  readonly store: Store
  readonly clock: Clock
  readonly catalog: () => Catalog
  /** Called after a fingerprint was accepted; resolves when the new catalog is in force. */
  readonly onAccepted: () => Promise<void>
}

export async function pinBook({ store, clock, catalog, onAccepted }: PinBookDeps): Promise<PinBook> {
  const known = new Map<ToolId, string>()
  for (const { id, value } of await store.list(pins)) known.set(id as ToolId, value.fingerprint)
  const pin = async (tool: Tool): Promise<void> => {
    const { id, fingerprint, definition, original = definition } = tool
    await store.put(pins, id, { fingerprint, definition: withoutGaps(pinnedPart(original)), acceptedAt: clock() })
    known.set(id, fingerprint)
  }
  return {
    fingerprints: () => new Map(known),
    async get(id): Promise<Pin | undefined> {
      return (await store.get(pins, id))?.value
    },
    async pinNew(tools) {
      await Promise.all([...tools].filter(({ id }) => !known.has(id)).map(pin))
    },
    async accept(id, fingerprint) {
      const tool = catalog().tools.get(id)
      if (!tool) throw new GatewayError('not_found', `There is no tool ${id}. List them with: gatehouse tools list`)
      if (tool.fingerprint !== fingerprint) {
        throw new GatewayError(
          'version_conflict',
          `${id} has changed again since it was shown. Look at it once more: gatehouse tools diff ${id}`,
        )
      }
      await pin(tool)
      await onAccepted()
    },
  }
}

/** The store keeps JSON: a field that the definition does not have is left out. */
const withoutGaps = (part: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined))
