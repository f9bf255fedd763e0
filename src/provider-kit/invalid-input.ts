import { GatewayError } from '../kernel/errors.ts'

/** For `request`: throw this when arguments are well-formed but make no sense together. Say what to change. */
export const invalidInput = (detail: string): GatewayError => new GatewayError('invalid_input', detail)
