import type { z } from 'zod'
import type { Action, Provider, WireReply } from '#provider-kit'

/** An answer of a vendor: what it said, and how. */
export const reply = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): WireReply => ({
  status,
  headers,
  body,
})

/** What an agent gets for these answers: shaped and cut down to what the action's output names. */
export function shown<Input extends z.ZodType, Output extends z.ZodType>(
  action: Action<Input, Output>,
  input: z.input<Input>,
  first: WireReply,
  ...followUps: readonly WireReply[]
): unknown {
  const shaped = action.result?.(first, followUps, action.input.parse(input)) ?? first.body
  // As it travels: what is undefined is not there.
  return JSON.parse(JSON.stringify(action.output.parse(shaped))) as unknown
}

/** What an action sends for an input. */
export const sent = async <Input extends z.ZodType, Output extends z.ZodType>(
  action: Action<Input, Output>,
  input: z.input<Input>,
) => await action.request(action.input.parse(input), {})

/** The JSON body of what an action sends. */
export async function sentJson<Input extends z.ZodType, Output extends z.ZodType>(
  action: Action<Input, Output>,
  input: z.input<Input>,
): Promise<unknown> {
  const { body } = await sent(action, input)
  return body && 'json' in body ? (JSON.parse(JSON.stringify(body.json)) as unknown) : undefined
}

/** The kind of failure that a provider sees in an answer, or `fine`. */
export const kindOf = (provider: Pick<Provider, 'failure'>, answer: WireReply): string =>
  provider.failure(answer)?.kind ?? 'fine'
