import type { z } from 'zod'
import type { Action } from './provider.ts'

/**
 * Declares one operation. It only ties the types together, so that `request(input)` sees what `input` parses to;
 * `checkProvider` checks what it says.
 */
export const action = <Input extends z.ZodObject, Output extends z.ZodObject>(
  declaration: Action<Input, Output>,
): Action<Input, Output> => declaration
