import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { rotateVault, vaultStatus } from '../admin/vault.ts'
import { type Route, defineRoute, ok } from './route.ts'

const state = {
  keys: z.array(
    z.looseObject({
      kid: z.string(),
      state: z.enum(['active', 'decrypt-only', 'missing']),
      sealed: z.number().describe('Sealed values that only this key opens.'),
    }),
  ),
  keyFile: z.string().optional(),
}

const rotation = z.strictObject({
  newKey: z.boolean().default(false).describe('Makes a key first and puts it into the key file.'),
})

/** `/vault`. */
export const vaultRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/vault',
      summary: 'Show the encryption keys by id, and how much each of them holds',
      tag: 'vault',
      needs: 'viewer',
      deed: 'vault.read',
      answers: {
        200: { description: 'The keys, the active one first. Never their values.', schema: z.looseObject(state) },
      },
    },
    async ({ principal }) => ok(await vaultStatus(deps, principal)),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/vault/rotate',
      summary: 'Seal every stored secret anew under the active key',
      tag: 'vault',
      needs: 'admin',
      deed: 'vault.rotated',
      body: rotation,
      answers: {
        200: {
          description: 'What was sealed anew, and what each key holds now.',
          schema: z.looseObject({ ...state, rewrapped: z.number() }),
        },
      },
      problems: ['conflict', 'vault_failed'],
    },
    async ({ principal, body, signal }) => ok(await rotateVault(deps, principal, { newKey: body.newKey, signal })),
  ),
]
