import { action, bearer, defineProvider, failureByStatus, nextPage, oauth2, path } from '#provider-kit'
import * as z from 'zod'

const item = z.object({ id: z.string(), name: z.string(), url: z.string().optional() })
const folderId = z.string().min(1).describe('Folder id, such as inbox. From list_folders.')

const listFolders = action({
  title: 'List folders',
  description: 'Lists all folders with their ids. Use it to find the folder that other actions need. Safe to repeat.',
  keywords: ['directories', 'collections'],
  docs: 'https://example.com/docs/folders#list',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['items:read'], ['items:write']],
  input: z.strictObject({}),
  output: z.object({ folders: z.array(z.object({ id: z.string(), name: z.string() })) }),
  request: () => ({ method: 'GET', path: path`/folders` }),
  result: (reply) => ({ folders: reply.body }),
})

const listItems = action({
  title: 'List items',
  description:
    'Lists the items of a folder, newest first, a page at a time. Folder ids come from list_folders. Safe to repeat.',
  keywords: ['contents of a folder', 'entries', 'newest things'],
  docs: 'https://example.com/docs/items#list',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['items:read'], ['items:write']],
  input: z.strictObject({
    folder_id: folderId,
    limit: z.number().int().min(1).max(50).default(20).describe('How many to return, such as 20.'),
    cursor: z.string().optional().describe('`nextCursor` of the page before, such as 2. Left out: the first page.'),
  }),
  output: z.object({ items: z.array(item), nextCursor: z.string().optional() }),
  request: ({ folder_id, limit, cursor }) => ({
    method: 'GET',
    path: path`/folders/${folder_id}/items`,
    query: { per_page: limit, page: cursor },
  }),
  result: (reply) => ({ items: reply.body, nextCursor: nextPage(reply, 'page') }),
})

const createItem = action({
  title: 'Create an item',
  description:
    'Creates an item in a folder. Folder ids come from list_folders. Not safe to retry: it creates a second item.',
  keywords: ['add an entry', 'new thing', 'put into a folder'],
  docs: 'https://example.com/docs/items#create',
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: [['items:write']],
  input: z.strictObject({
    folder_id: folderId,
    name: z.string().min(1).max(200).describe('Name of the item, such as Quarterly report.'),
  }),
  output: item,
  request: ({ folder_id, name }) => ({
    method: 'POST',
    path: path`/folders/${folder_id}/items`,
    body: { json: { name } },
  }),
})

export default defineProvider({
  id: 'template',
  title: 'Template',
  docs: 'https://example.com/docs',
  baseUrl: 'https://api.example.com/v1',
  auth: [
    oauth2({
      title: 'Sign in with Template',
      authorizeUrl: 'https://example.com/oauth/authorize',
      tokenUrl: 'https://example.com/oauth/token',
      baseScopes: ['profile'],
      scopes: ['profile', 'items:read', 'items:write'],
      refresh: 'rotating',
      revoke: { url: 'https://example.com/oauth/revoke', token: 'refresh_token', auth: 'client' },
    }),
    bearer({
      title: 'API token',
      label: 'API token',
      pattern: '^[\\x21-\\x7e]{16,}$',
      description: 'From the settings of your account, under API tokens.',
    }),
  ],
  headers: { accept: 'application/json' },
  failure: (reply) => failureByStatus(reply, { message: ['/error/message', '/message'] }),
  whoami: {
    request: { method: 'GET', path: path`/me` },
    account: (reply) => z.object({ email: z.string() }).safeParse(reply.body).data?.email,
  },
  actions: { list_folders: listFolders, list_items: listItems, create_item: createItem },
})
