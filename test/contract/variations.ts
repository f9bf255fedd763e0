import { z } from 'zod'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { Provider } from '../../src/provider-kit/index.ts'
import type { Example } from './vendor-examples.ts'

/**
 * The example with as few arguments as its action takes, and with each of the others put back alone: what an agent leaves
 * out must not break the request. Combinations that the action itself refuses (start without end) are none.
 */
export async function variationsOf(provider: Provider, example: Example): Promise<readonly Example[]> {
  const action = provider.actions[example.action]
  if (!action) throw new Error(`${provider.id} has no action ${example.action}`)
  const required = requiredOf(action.input)
  const least = pick(example.input, required)
  const others = Object.keys(example.input).filter((name) => !required.includes(name))
  const inputs = [least, ...others.map((name) => ({ ...least, [name]: example.input[name] }))]
  const accepted = await Promise.all(
    inputs.map(async (input) => {
      try {
        await action.request(action.input.parse(input), {})
        return [{ ...example, input }]
      } catch (error) {
        if (error instanceof GatewayError && error.code === 'invalid_input') return []
        throw error
      }
    }),
  )
  return accepted.flat()
}

const requiredOf = (input: z.ZodType): readonly string[] => z.toJSONSchema(input, { io: 'input' }).required ?? []

const pick = (input: Example['input'], names: readonly string[]) =>
  Object.fromEntries(Object.entries(input).filter(([name]) => names.includes(name)))
