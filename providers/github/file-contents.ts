import { action, fromBase64url, path, segments } from '#provider-kit'
import * as z from 'zod'
import { repository } from './fields.ts'

const MOST_ENTRIES = 500

export const getFileContents = action({
  title: 'Read a file or folder',
  description:
    'Reads a text file of a repository, or lists a folder. Leave the path out for the top folder. ' +
    'Long files come in parts: call again with offset = next_offset. Binary files and files over 1 MB have no text. ' +
    'For the files of a pull request give ref = its head_sha. Safe to repeat.',
  keywords: [
    'source code, Dockerfile, how is it implemented',
    'README, version, dependencies',
    'browse a directory, look at the code',
    'open or show a script, documentation, docs',
    'look into a repo, see the license',
    'config file, on a branch',
    'contents of a subfolder',
    'what does the code look like',
    'read a file from a repo',
    'what does the file look like',
    'how does the script work',
    'which version does it depend on',
  ],
  docs: 'https://docs.github.com/en/rest/repos/contents#get-repository-content',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['repo'], ['public_repo']],
  input: z.strictObject({
    ...repository,
    path: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .describe('Path from the top of the repository, without a slash in front, such as src/index.ts.'),
    ref: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Branch, tag or commit, such as main. Left out: the default branch.'),
    offset: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('Character to start from, such as 20000: next_offset of the part before.'),
    max_characters: z.number().int().min(100).max(100_000).default(20_000).describe('Size of a part, such as 20000.'),
  }),
  output: z.object({
    type: z.enum(['file', 'folder', 'symlink', 'submodule']),
    path: z.string(),
    sha: z.string().optional(),
    size: z.number().int().optional(),
    url: z.string().optional(),
    text: z.string().optional(),
    next_offset: z.number().int().optional(),
    note: z.string().optional(),
    entries: z
      .array(z.object({ name: z.string(), path: z.string(), type: z.string(), size: z.number().int().optional() }))
      .optional(),
  }),
  request: ({ owner, repo, path: file, ref }) => ({
    method: 'GET',
    path:
      file === undefined
        ? path`/repos/${owner}/${repo}/contents/`
        : path`/repos/${owner}/${repo}/contents/${segments(file)}`,
    query: { ref },
  }),
  result: (reply, _followUps, input) =>
    Array.isArray(reply.body) ? toFolder(reply.body, input.path ?? '') : toFile(fileWire.parse(reply.body), input),
})

const entryWire = z.object({ name: z.string(), path: z.string(), type: z.string(), size: z.number().int().optional() })

const fileWire = z.object({
  type: z.enum(['file', 'symlink', 'submodule']),
  path: z.string(),
  sha: z.string(),
  size: z.number().int(),
  encoding: z.string().optional(),
  content: z.string().optional(),
  html_url: z.string().nullish(),
})

function toFolder(entries: readonly unknown[], folder: string) {
  const hidden = entries.length - MOST_ENTRIES
  return {
    type: 'folder',
    path: folder,
    entries: z.array(entryWire).parse(entries.slice(0, MOST_ENTRIES)),
    note: hidden > 0 ? `${hidden} more entries are not shown.` : undefined,
  }
}

/** GitHub gives files as base64 with line breaks, and `encoding: none` above 1 MB. */
function toFile(file: z.output<typeof fileWire>, part: { readonly offset: number; readonly max_characters: number }) {
  const { type, path, sha, size, html_url } = file
  const facts = { type, path, sha, size, url: html_url ?? undefined }
  if (file.encoding !== 'base64' || file.content === undefined) {
    return { ...facts, note: 'No text: this is not a file, or it is larger than GitHub sends (1 MB).' }
  }
  const text = fromBase64url(file.content)
  if (text.includes('\u0000') || text.includes('\uFFFD')) {
    return { ...facts, note: 'No text: the file is binary or not UTF-8.' }
  }
  const shown = text.slice(part.offset, part.offset + part.max_characters).replace(/[\uD800-\uDBFF]$/, '')
  const end = part.offset + shown.length
  return { ...facts, text: shown, next_offset: end < text.length ? end : undefined }
}
