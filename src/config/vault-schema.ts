import * as z from 'zod'

const variableSchema = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'Not a name of an environment variable.')

const sourceSchema = z
  .union(
    [
      z.strictObject({ env: variableSchema.describe('The environment variable that holds the key.') }),
      z.strictObject({ file: z.string().min(1).max(4_096).describe('A file of mode 0600 that holds one key.') }),
      z.strictObject({
        command: z
          .tuple([z.string().min(1).max(4_096)], z.string().max(8_192))
          .describe('A program and its arguments; it prints the key, such as one that asks a key service.'),
      }),
    ],
    { error: 'Say exactly one of env, file and command.' },
  )
  .describe('Where the key comes from: base64 of 32 random bytes.')

const keySchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'Use letters, digits, _ and -, at most 64.')
    .optional()
    .describe('Its name in what it sealed; a fingerprint of the key when left out. Never give a name to another key.'),
  source: sourceSchema,
  state: z
    .enum(['active', 'decrypt-only'])
    .default('active')
    .describe('active seals; decrypt-only opens what it sealed before. Exactly one key is active.'),
})

export const vaultSchema = z
  .strictObject({
    keys: z
      .array(keySchema)
      .max(20)
      .default([])
      .describe('Keys that seal credentials. Without any: ENCRYPTION_KEY, else a key file that is made in the store.'),
  })
  .refine(({ keys }) => keys.length === 0 || keys.filter(({ state }) => state === 'active').length === 1, {
    error: 'Exactly one key must be active; mark the others decrypt-only.',
    path: ['keys'],
  })
