import type { Command } from 'commander'
import type { Rotated, VaultState } from '../../admin/vault.ts'
import { type Cli, type CommonOptions, answeringCommand, command } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { say, sayJson, sayTable } from '../print.ts'
import type { Shell } from '../shell.ts'

/** `vault status|rotate`. */
export const vaultCommand = (cli: Cli): Command =>
  command(cli, 'vault', 'look at the encryption keys, and seal everything under a new one')
    .addCommand(statusCommand(cli))
    .addCommand(rotateCommand(cli))

const statusCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'status', 'show the keys by id and how much each of them holds', ['vault status']).action(
    async ({ config, json }: CommonOptions) => {
      const state = await withGateway(cli.shell, { config }, (gateway) => gateway.ask<VaultState>('GET', '/vault'))
      if (json === true) sayJson(cli.shell, { ...state })
      else sayState(cli.shell, state)
    },
  )

const rotateCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'rotate', 'seal every stored secret anew under the active key', [
    'vault rotate --new-key   # makes a key, for the key file in the store folder',
    'vault rotate             # after a new key became active in ENCRYPTION_KEY or vault.keys',
  ])
    .option('--new-key', 'make a new key first and put it into the key file')
    .action(async ({ config, json, newKey = false }: CommonOptions & { readonly newKey?: boolean }) => {
      const { shell } = cli
      const rotated = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<Rotated>('POST', '/vault/rotate', { body: { newKey } }),
      )
      if (json === true) return sayJson(shell, { ...rotated })
      say(shell, `Sealed anew: ${rotated.rewrapped} ${rotated.rewrapped === 1 ? 'row' : 'rows'}.`)
      sayState(shell, rotated)
      say(shell, 'Keep old keys, decrypt-only: the audit log of their time is checked with them.')
    })

function sayState(shell: Shell, { keys, keyFile }: VaultState): void {
  sayTable(
    shell,
    ['KEY', 'STATE', 'SEALED'],
    keys.map(({ kid, state, sealed }) => [
      kid,
      state === 'missing' ? { text: 'missing', tone: 'warn' } : state,
      String(sealed),
    ]),
  )
  if (keyFile !== undefined) say(shell, `The keys are in ${keyFile}. Back it up apart from the store.`)
}
