import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/kernel/secret.ts'
import { checkFields } from '../../../src/provider-kit/check-fields.ts'
import { bearer, sigv4 } from '../../../src/provider-kit/index.ts'

const method = bearer({ label: 'Bot token', pattern: '^xoxb-' })
const check =
  (fields: Record<string, string>, of = method) =>
  (): void =>
    checkFields(of, Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, new Secret(value)])))

describe('a credential', () => {
  it('is taken when every field is as it should be', () => {
    expect(check({ token: 'xoxb-1' })).not.toThrow()
  })

  it('may leave out what is optional, and only that', () => {
    const keys = { accessKeyId: 'AKIDEXAMPLE012345', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG' }
    const aws = sigv4({ service: 's3', region: 'eu-central-1' })
    expect(check(keys, aws)).not.toThrow()
    expect(check({ ...keys, sessionToken: 'short' }, aws)).toThrow(/Session token .*does not look like one/)
    expect(check({ accessKeyId: keys.accessKeyId }, aws)).toThrow(/Secret access key .*is missing/)
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['a missing field', {}, /its Bot token \("token"\) is missing\.$/],
    ['an empty field', { token: '' }, /is missing/],
    ['a line break', { token: 'xoxb-canary\r\nx: y' }, /holds a line break, a control character/],
    ['half a surrogate pair', { token: 'xoxb-canary\ud800' }, /broken Unicode/],
    ['a space at its end', { token: 'xoxb-canary ' }, /begins or ends with a space/],
    ['another form', { token: 'canary' }, /does not look like one \(expected \^xoxb-\)/],
    ['17,000 characters', { token: `xoxb-${'canary'.repeat(3_000)}` }, /longer than 16384 characters/],
    ['a field that there is not', { token: 'xoxb-canary', other: 'canary' }, /no field "other"\. Its fields: token\.$/],
    ['an inherited name', { token: 'xoxb-canary', constructor: 'canary' }, /no field "constructor"/],
  ])('with %s is refused by its label, never with its value', (_, fields, words) => {
    expect(check(fields)).toThrow(
      expect.objectContaining({ code: 'invalid_credential', message: expect.stringMatching(words) as string }),
    )
    expect(check(fields)).not.toThrow(/canary/)
  })
})
