import { action, bearer, defineProvider, failureByStatus, nextPage, path } from '#provider-kit'
import { z } from 'zod'

const item = z.object({ id: z.string(), name: z.string(), url: z.string().optional() })

const listItems = action({
  title: 'List items',
  description: 'Lists the items of a folder, newest first. Use it to find the id that other actions need.',
  docs: 'https://example.com/docs/items#list',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['items:read']],
  input: z.strictObject({
    folder: z.string().min(1).describe('Folder id, such as inbox.'),
    limit: z.number().int().min(1).max(50).default(20).describe('How many to return, such as 20.'),
    cursor: z.string().optional().describe('`nextCursor` of the page before, such as 2. Leave out for the first page.'),
  }),
  output: z.object({ items: z.array(item), nextCursor: z.string().optional() }),
  request: ({ folder, limit, cursor }) => ({
    method: 'GET',
    path: path`/folders/${folder}/items`,
    query: { per_page: limit, page: cursor },
  }),
  result: (reply) => ({ items: reply.body, nextCursor: nextPage(reply, 'page') }),
})

const createItem = action({
  title: 'Create an item',
  description: 'Creates an item in a folder. Folder ids come from the service itself. A retry creates a second item.',
  docs: 'https://example.com/docs/items#create',
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: [['items:write']],
  input: z.strictObject({
    folder: z.string().min(1).describe('Folder id, such as inbox.'),
    name: z.string().min(1).max(200).describe('Name of the item, such as Quarterly report.'),
  }),
  output: item,
  request: ({ folder, name }) => ({ method: 'POST', path: path`/folders/${folder}/items`, body: { json: { name } } }),
})

export default defineProvider({
  id: 'template',
  title: 'Template',
  docs: 'https://example.com/docs',
  baseUrl: 'https://api.example.com/v1',
  auth: [bearer({ label: 'API token' })],
  headers: { accept: 'application/json' },
  failure: (reply) => failureByStatus(reply, { message: ['/error/message', '/message'] }),
  whoami: {
    request: { method: 'GET', path: path`/me` },
    account: (reply) => z.object({ email: z.string() }).safeParse(reply.body).data?.email,
  },
  actions: { list_items: listItems, create_item: createItem },
})
