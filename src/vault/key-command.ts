import { execFile } from 'node:child_process'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'

/** How long a key service may take, milliseconds. */
const TIMEOUT_MS = 15_000
const MAX_OUTPUT_BYTES = 4_096

/**
 * The base64 key that a program prints, such as one that asks a key service. No shell is involved. Throws GatewayError
 * `config_invalid` that names the program and never what it printed.
 */
export async function keyFromCommand([program, ...args]: readonly [string, ...string[]]): Promise<Secret> {
  const printed = await new Promise<string>((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, windowsHide: true }
    const child = execFile(program, args, options, (error, stdout) => {
      if (error) reject(failed(program, error))
      else resolve(stdout)
    })
    child.stdin?.end()
  })
  return new Secret(printed.trim())
}

function failed(
  program: string,
  { code, killed }: { readonly code?: unknown; readonly killed?: boolean },
): GatewayError {
  // Its own words are left out: a key service may print a key.
  const why = killed === true && code === null ? `took longer than ${TIMEOUT_MS / 1000} s` : whyNot(code)
  return new GatewayError('config_invalid', `The program ${program}, which gives an encryption key, ${why}.`)
}

function whyNot(code: unknown): string {
  if (code === 'ENOENT') return 'does not exist'
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed too much'
  return typeof code === 'number' ? `ended with code ${code}` : 'could not be run'
}
