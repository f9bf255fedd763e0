import { readFileSync } from 'node:fs'

/** Our own version, from the package: three levels up in the source, four in what is built. */
export const VERSION: string = readVersion(['../../package.json', '../../../package.json'])

function readVersion([path, ...others]: readonly string[]): string {
  if (path === undefined) return '0.0.0'
  try {
    const found: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
    return (found as { readonly version: string }).version
  } catch {
    return readVersion(others)
  }
}
