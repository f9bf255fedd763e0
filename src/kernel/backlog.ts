/**
 * Connections that the system keeps until we take them. Node's own 511 are gone after a third of a second at 1,500 calls a second;
 * whoever comes then waits a second or more for the next try, or gives up. Linux caps it at `net.core.somaxconn`, 4,096 by default.
 */
export const BACKLOG = 4_096
