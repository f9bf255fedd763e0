import * as z from 'zod'

const messageWire = z.object({
  ts: z.string(),
  user: z.string().optional(),
  username: z.string().optional(),
  bot_id: z.string().optional(),
  subtype: z.string().optional(),
  text: z.string().optional(),
  thread_ts: z.string().optional(),
  reply_count: z.number().int().optional(),
  edited: z.object({ ts: z.string() }).optional(),
  reactions: z.array(z.object({ name: z.string(), count: z.number().int() })).optional(),
  files: z.array(z.object({ id: z.string(), name: z.string().nullish(), mimetype: z.string().optional() })).optional(),
})

/** A message as an assistant needs it: blocks, attachments and client ids are dropped. */
export const message = z.object({
  ts: z.string(),
  user: z.string().optional(),
  bot: z.string().optional(),
  subtype: z.string().optional(),
  text: z.string(),
  thread_ts: z.string().optional(),
  reply_count: z.number().int().optional(),
  edited: z.boolean().optional(),
  reactions: z.array(z.object({ name: z.string(), count: z.number().int() })).optional(),
  files: z.array(z.object({ id: z.string(), name: z.string(), type: z.string().optional() })).optional(),
})

/** A message as Slack sends it, in our names; what is empty is left out. */
export function toMessage(value: unknown) {
  const { bot_id, username, edited, reactions, files, reply_count, text, ...wire } = messageWire.parse(value)
  return {
    ...wire,
    bot: username ?? bot_id,
    text: text ?? '',
    reply_count: reply_count || undefined,
    edited: edited && true,
    reactions: reactions?.length ? reactions : undefined,
    files: files?.length
      ? files.map(({ id, name, mimetype }) => ({ id, name: name ?? id, type: mimetype }))
      : undefined,
  }
}
