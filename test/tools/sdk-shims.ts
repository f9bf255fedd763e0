/**
 * Stands for the `_shims` of the SDK's client and server in what is shipped: theirs bring an ajv each, 0.4 MB of source that is
 * run at the start. We have the SDK validate nothing by JSON Schema: what is relayed is its ends' affair.
 */
export const CORS_IS_POSSIBLE = false

export { default as process } from 'node:process'

/** The SDK makes one for each client and server, and asks it when it lists or calls tools by itself or asks a client. */
export class DefaultJsonSchemaValidator {
  getValidator(): never {
    throw new Error('The MCP SDK was to validate by JSON Schema, and it was built without that.')
  }
}
