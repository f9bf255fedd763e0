import { action, path } from '#provider-kit'
import * as z from 'zod'
import { nextCursorOf, paging } from './fields.ts'

const person = z.object({
  id: z.string(),
  name: z.string(),
  real_name: z.string().optional(),
  title: z.string().optional(),
  email: z.string().optional(),
  time_zone: z.string().optional(),
  is_bot: z.boolean(),
  deactivated: z.boolean().optional(),
})

const personWire = z.object({
  id: z.string(),
  name: z.string(),
  real_name: z.string().optional(),
  deleted: z.boolean().optional(),
  is_bot: z.boolean().optional(),
  tz: z.string().optional(),
  profile: z
    .object({ real_name: z.string().optional(), title: z.string().optional(), email: z.string().nullish() })
    .optional(),
})

const toPerson = ({ id, name, real_name, deleted, is_bot, tz, profile }: z.output<typeof personWire>) => ({
  id,
  name,
  real_name: real_name ?? profile?.real_name,
  title: profile?.title || undefined,
  email: profile?.email ?? undefined,
  time_zone: tz,
  is_bot: is_bot ?? false,
  deactivated: deleted || undefined,
})

export const listUsers = action({
  title: 'List people',
  description:
    'Lists the people and apps of the workspace with their ids. Use it to learn who <@U…> in a message is, or to ' +
    'find the id for a mention. When you know the address, find_user_by_email is one small call instead of many ' +
    'pages. Safe to repeat.',
  keywords: [
    'members, user id',
    'team directory',
    'colleagues',
    'everyone',
    'coworkers',
    'staff, bots',
    'everybody in the workspace',
    'who is this',
    'people, names',
    'profile',
    'who is in our slack',
    'how many people',
  ],
  docs: 'https://docs.slack.dev/reference/methods/users.list',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['users:read']],
  input: z.strictObject(paging(100)),
  output: z.object({ users: z.array(person), next_cursor: z.string().optional() }),
  request: (input) => ({ method: 'POST', path: path`/users.list`, body: { form: input } }),
  result: (reply) => ({
    users: z
      .object({ members: z.array(personWire) })
      .parse(reply.body)
      .members.map(toPerson),
    next_cursor: nextCursorOf(reply),
  }),
})

export const findUserByEmail = action({
  title: 'Find a person by email address',
  description:
    'Finds the one person who has this address in the workspace. Use it to get the id for a mention (<@U…>) or a ' +
    'direct message (send_message with the id as channel). Answers "not found" when nobody has it. Safe to repeat.',
  keywords: [
    'look up a colleague',
    'user id from mail',
    'who has this address',
    'member',
    'slack account of',
    'whose email',
    'id of somebody',
    'person with this address',
    'mail address',
    'slack user with an address',
    'handle of',
  ],
  docs: 'https://docs.slack.dev/reference/methods/users.lookupByEmail',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['users:read.email']],
  input: z.strictObject({
    email: z
      .string()
      .max(320)
      .regex(/^[^\s@<>]{1,64}@[^\s@<>]{1,255}$/)
      .describe('Email address, such as ann@example.com.'),
  }),
  output: person,
  request: (input) => ({ method: 'POST', path: path`/users.lookupByEmail`, body: { form: input } }),
  result: (reply) => toPerson(z.object({ user: personWire }).parse(reply.body).user),
})
