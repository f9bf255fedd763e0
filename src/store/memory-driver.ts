import type { Driver } from './driver.ts'
import { tableDriver } from './table-driver.ts'

/** Keeps rows in this process only. For tests: it passes the same contract suite as the drivers that last. */
export const memoryDriver = (): Driver =>
  tableDriver({ tables: new Map(), save: () => Promise.resolve(), closed: () => Promise.resolve() })
