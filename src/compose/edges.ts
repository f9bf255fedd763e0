import type { AdminDeps } from '../admin/admin.ts'
import type { AliasBook } from '../admin/alias-book.ts'
import type { FreezeBook } from '../admin/freeze-book.ts'
import type { OverrideBook } from '../admin/override-book.ts'
import type { PinBook } from '../admin/pin-book.ts'
import type { ConnectionsPort } from '../admin/connections-port.ts'
import type { PolicyControl } from '../admin/policy-control.ts'
import { vaultControl } from '../connections/sealed/rotation.ts'
import { callTool } from '../gateway/call-tool.ts'
import type { GatewayDeps, Log } from '../gateway/gateway.ts'
import { listTools } from '../gateway/list-tools.ts'
import type { SearchBook } from '../gateway/meta/search-book.ts'
import type { Snapshots } from '../gateway/snapshots.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import type { McpDeps } from '../mcp/deps.ts'
import type { McpHttp } from '../mcp/streamable-http.ts'
import type { Seal } from '../vault/seal.ts'
import type { ConfigBook } from './config-book.ts'
import { connectedCapabilities, type FeatureParts, onFeaturesChanged, toFeaturesPort } from './features-port.ts'
import { sealedRowsOf } from './sealed-rows.ts'
import { endingStreams, type Identities } from './identities.ts'
import { type OwnerSeat, withWorkers } from './owner-seat.ts'
import { settledAudit } from './settled-audit.ts'
import { VERSION } from './version.ts'
import type { World } from './world.ts'

export interface McpParts extends FeatureParts {
  readonly seal: Seal
  readonly clock: Clock
  readonly newId: NewId
  readonly log: Log
}

/** What the MCP edge is run with: the two lives of the gateway. */
export const toMcpDeps = ({ seal, clock, newId, log, ...parts }: McpParts): McpDeps => ({
  tools: {
    list: (principal, cursor, toolset) => listTools(parts.gateway, principal, cursor, toolset),
    call: (call, exchange) => callTool(parts.gateway, call, exchange),
  },
  features: toFeaturesPort(parts),
  capabilities: () => connectedCapabilities(parts),
  telemetry: parts.gateway.telemetry,
  onToolsChanged: parts.snapshots.onChange,
  onFeaturesChanged: onFeaturesChanged(parts),
  seal,
  serverInfo: { name: 'gatehouse', title: 'Gatehouse', version: VERSION },
  clock,
  newId,
  log,
})

export interface AdminParts {
  readonly world: World
  readonly identities: Identities
  readonly pins: PinBook
  readonly overrides: OverrideBook
  readonly aliases: AliasBook
  readonly freezes: FreezeBook
  readonly book: ConfigBook
  readonly connections: ConnectionsPort
  readonly policy: PolicyControl
  readonly gateway: GatewayDeps
  readonly snapshots: Snapshots
  readonly index: SearchBook
  readonly mcp: McpHttp
  /** Present where workers serve HTTP. */
  readonly seat?: OwnerSeat | undefined
  readonly clock: Clock
  readonly newId: NewId
}

/** What the use cases of admins are run with. */
export function toAdminDeps({
  world,
  identities,
  pins,
  overrides,
  aliases,
  freezes,
  book,
  connections,
  policy,
  gateway,
  snapshots,
  index,
  mcp,
  seat,
  clock,
  newId,
}: AdminParts): AdminDeps {
  return {
    version: VERSION,
    startedAt: clock(),
    store: `lowdb in ${book.current().store.path}`,
    snapshot: snapshots.current,
    load: seat ? withWorkers(mcp.counts, seat) : mcp.counts,
    ...(seat && { workers: seat.workers }),
    ...endingStreams(identities, mcp, seat?.endAgent),
    people: identities.people,
    personKeys: identities.personKeys,
    pins,
    overrides,
    aliases,
    freezes,
    connections,
    policy,
    vault: vaultControl({ ...world, rows: sealedRowsOf(world, book.current().organisation) }),
    audit: settledAudit(world.audit, gateway.ledger.settled),
    config: book,
    searchIndex: index.of,
    callTool: (call, exchange) => callTool(gateway, call, exchange),
    clock,
    newId,
  }
}
