import { describe, expect, it } from 'vitest'
import { problemsOf } from './parse.ts'

describe('JSON text', () => {
  it.each([
    ['', '1:1  the file ends here, where a value is expected'],
    ['{\n  // comment\n}', '2:3  comments are not allowed in JSON: remove it'],
    ['{"a": 1,}', '1:9  there is a comma before this "}": remove it'],
    ['{"a": [1,\n]}', '2:1  there is a comma before this "]": remove it'],
    ["{'a': 1}", "1:2  texts stand in double quotes, not in '"],
    ['{a: 1}', '1:2  expected a key in double quotes, found "a"'],
    ['{"a" 1}', '1:6  expected ":" after the key, found "1"'],
    ['{"a": 1 "b": 2}', '1:9  expected "," or "}", found "\\""'],
    ['{"a": [1 2]}', '1:10  expected "," or "]", found "2"'],
    ['{"a": nul}', '1:7  expected a value, found "n"'],
    ['{"a": 01}', '1:8  expected "," or "}", found "1"'],
    ['{"a": .5}', '1:7  expected a value, found "."'],
    ['{"a": NaN}', '1:7  expected a value, found "N"'],
    ['{} {}', '1:4  expected the end of the file, found "{"'],
    ['{"a": "never closed}', '1:7  the text has no closing double quote on this line'],
    ['{"a": "two\nlines"}', '1:7  the text has no closing double quote on this line'],
    ['{"a": "\\x"}', '1:7  the text has a control character or a bad escape; write \\n, \\t or \\u0000 forms'],
    ['{"a": "\t"}', '1:7  the text has a control character or a bad escape; write \\n, \\t or \\u0000 forms'],
    ['{"a":', '1:6  the file ends here, where a value is expected'],
  ])('says where %j breaks', async (text, problem) => {
    expect(await problemsOf(text)).toEqual([problem])
  })

  it('refuses a second key of the same name, wherever it stands and however it is spelled', async () => {
    const text =
      '{"organisation": "acme",\n "connections": {\n  "files": {"mcp": {"command": "a"}},\n  "f\\u0069les": {"mcp": {"command": "b"}}}}'
    expect(await problemsOf(text)).toEqual([
      '4:3  /connections/files  there is another "files" before: keys must be unique',
    ])
  })

  it('refuses __proto__ as a key, and changes no prototype', async () => {
    expect(await problemsOf('{"organisation": "acme", "agents": {"__proto__": {"enabled": false}}}')).toEqual([
      '1:37  /agents/__proto__  "__proto__" cannot be a key',
    ])
    expect({}).not.toHaveProperty('enabled')
  })

  it('stops at 64 levels and at 4 million characters', async () => {
    expect(await problemsOf('['.repeat(100_000))).toEqual(['1:66  nested deeper than 64 levels'])
    expect(await problemsOf(' '.repeat(4_194_305))).toEqual(['1:1  the file has more than 4194304 characters'])
  })

  it('reads long texts in linear time', async () => {
    expect(await problemsOf(`"${'\\\\'.repeat(1_000_000)}"`)).toEqual(['1:1  must be an object { … }'])
    expect(await problemsOf(`"${'x'.repeat(2_000_000)}`)).toHaveLength(1)
  })
})
