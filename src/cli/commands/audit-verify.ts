import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Command } from 'commander'
import type { CheckpointsShown } from '../../admin/audit.ts'
import type { Verification } from '../../admin/audit-reader.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { isJsonObject } from '../../kernel/json.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { paint, plain, say, sayJson } from '../print.ts'
import type { Shell } from '../shell.ts'

/** What the API takes at once. Each checkpoint proves all records before it, so the last ones are the ones to send. */
const MOST_KEPT = 1_500
const MOST_LINE = 65_536

interface VerifyOptions extends CommonOptions {
  readonly checkpoints?: string
  readonly publicKey?: readonly string[]
}

/** `audit verify`; exits with 1 when the log is not what was written. */
export const auditVerifyCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'verify', 'check that no record was changed or removed', [
    'audit verify',
    'audit verify --checkpoints kept/checkpoints.jsonl --public-key MCowBQYDK2VwAyEA…',
  ])
    .option('--checkpoints <file>', 'also compare with checkpoints that were kept elsewhere, or log lines with them')
    .option('--public-key <spki...>', 'who must have signed those (see `audit checkpoints`)')
    .action(async ({ config, json, checkpoints: path, publicKey: keys }: VerifyOptions) => {
      const { shell } = cli
      if (keys && path === undefined) throw new GatewayError('invalid_request', '--public-key needs --checkpoints.')
      const kept = path === undefined ? undefined : await keptIn(path)
      const answer = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<Verification>('POST', '/audit/verify', {
          ...(kept && { body: { checkpoints: kept.lines, ...(keys && { keys: [...keys] }) } }),
        }),
      )
      const verdict = inFile(answer, path, kept)
      if (json === true) sayJson(shell, verdict)
      else sayVerdict(shell, verdict)
      if (kept && kept.left > 0)
        shell.stderr(`Only the last ${MOST_KEPT} kept checkpoints were compared; they stand for all before them.\n`)
      cli.finish(verdict.ok ? 0 : 1)
    })

/** `audit checkpoints`: what others need to check the log, to be kept elsewhere. */
export const auditCheckpointsCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'checkpoints', 'show the public keys and the last checkpoint, to be kept elsewhere', [
    'audit checkpoints --json | jq -r .lastCheckpoint >> /elsewhere/checkpoints.jsonl',
  ]).action(async ({ config, json }: CommonOptions) => {
    const { shell } = cli
    const shown = await withGateway(shell, { config }, (gateway) =>
      gateway.ask<CheckpointsShown>('GET', '/audit/checkpoints'),
    )
    if (json === true) return sayJson(shell, shown)
    for (const { kid, spki } of shown.keys) say(shell, `key ${plain(kid)}: ${plain(spki)}`)
    say(shell, plain(shown.lastCheckpoint ?? 'There is no checkpoint yet.'))
    for (const trouble of shown.troubles) shell.stderr(`${plain(trouble)}\n`)
  })

/** What the API calls a failure of the kept checkpoints. */
const KEPT_FILE = 'the kept checkpoints'

interface Kept {
  readonly lines: readonly string[]
  /** Where in the file each of them stands, from 1. */
  readonly places: readonly number[]
  /** How many there were before the first of them. */
  readonly left: number
}

/** Where a failure stands in the file that was given, not in what was sent of it. */
function inFile(verdict: Verification, path: string | undefined, kept: Kept | undefined): Verification {
  if (verdict.ok || verdict.file !== KEPT_FILE || path === undefined) return verdict
  return { ...verdict, file: path, line: kept?.places[verdict.line - 1] ?? verdict.line }
}

/** The last lines of a file, whatever its size. Throws `not_found` when it cannot be read, `invalid_request` when it is empty. */
async function keptIn(path: string): Promise<Kept> {
  const found: { readonly text: string; readonly place: number }[] = []
  let [left, place] = [0, 0]
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      place++
      const text = line.trim() === '' || line.length > MOST_LINE ? undefined : statementIn(line)
      if (text !== undefined) found.push({ text, place })
      if (found.length > MOST_KEPT) left += found.splice(0, 1).length
    }
  } catch (cause) {
    throw new GatewayError('not_found', `The file ${path} cannot be read.`, { cause })
  }
  if (found.length === 0) throw new GatewayError('invalid_request', `The file ${path} holds no checkpoints.`)
  return { lines: found.map(({ text }) => text), places: found.map((one) => one.place), left }
}

/** What a log line carries, so that only that is sent; undefined for the other lines of a log. */
function statementIn(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line)
    if (!isJsonObject(value)) return line
    const { checkpoint, kind } = value
    if (typeof checkpoint === 'string') return checkpoint
    return kind === undefined ? undefined : line
  } catch {
    return line
  }
}

function sayVerdict(shell: Shell, verdict: Verification): void {
  const { records, segments, checkpoints } = verdict
  const good = `${records} records in ${segments} files, ${checkpoints} checkpoints`
  if (verdict.ok) say(shell, `${paint(shell, 'good', 'ok')}: the chain holds: ${good}`)
  else
    say(
      shell,
      `${paint(shell, 'bad', 'not ok')}: ${verdict.file}, line ${verdict.line} (record ${verdict.seq}): ${plain(verdict.detail)}\nBefore it: ${good}.`,
    )
  for (const note of verdict.notes) say(shell, `note: ${plain(note)}`)
}
