import { bearer, defineProvider, oauth2, path } from '#provider-kit'
import * as z from 'zod'
import { getDatabase, getDataSource, queryDataSource } from './data-sources.ts'
import { notionFailure } from './failure.ts'
import { createComment, listComments, listUsers } from './people.ts'
import { getPage, listBlocks, searchPages } from './read-pages.ts'
import { appendBlocks, createPage, editPageText, trashPage, updatePage } from './write-pages.ts'

/** The version in which rows belong to data sources, not to databases. https://developers.notion.com/reference/versioning */
const VERSION = { 'notion-version': '2025-09-03' }

/** Notion's API, for the pages that were shared with the connection. It has no scopes: Notion knows capabilities. */
export default defineProvider({
  id: 'notion',
  title: 'Notion',
  docs: 'https://developers.notion.com/reference/intro',
  baseUrl: 'https://api.notion.com',
  auth: [
    bearer({
      title: 'Internal integration',
      label: 'Internal integration secret',
      pattern: '^[\\x21-\\x7e]{20,512}$',
      description: 'From notion.so/profile/integrations; then share each page with the integration.',
      placeholder: 'ntn_…',
    }),
    oauth2({
      title: 'Sign in with Notion',
      authorizeUrl: 'https://api.notion.com/v1/oauth/authorize',
      tokenUrl: 'https://api.notion.com/v1/oauth/token',
      authorizeParams: { owner: 'user' },
      // Its token endpoint names the fields that it takes, and code_verifier is none of them.
      pkce: false,
      clientAuth: 'basic',
      tokenBody: 'json',
      tokenHeaders: VERSION,
      scopes: [],
      // Notion gives a refresh token to some clients only; without one the access token does not expire.
      refresh: 'rotating',
      capture: {
        workspace_id: { from: 'token', at: '/workspace_id' },
        workspace_name: { from: 'token', at: '/workspace_name' },
        bot_id: { from: 'token', at: '/bot_id' },
      },
      revoke: {
        url: 'https://api.notion.com/v1/oauth/revoke',
        token: 'access_token',
        auth: 'client',
        body: 'json',
        param: 'token',
      },
    }),
  ],
  headers: { accept: 'application/json', ...VERSION },
  failure: notionFailure,
  whoami: {
    request: { method: 'GET', path: path`/v1/users/me` },
    account: (reply) => {
      const { name, bot } = meWire.safeParse(reply.body).data ?? {}
      return name && (bot?.workspace_name ? `${name} at ${bot.workspace_name}` : name)
    },
  },
  actions: {
    search_pages: searchPages,
    get_page: getPage,
    list_blocks: listBlocks,
    query_data_source: queryDataSource,
    get_database: getDatabase,
    get_data_source: getDataSource,
    create_page: createPage,
    update_page: updatePage,
    trash_page: trashPage,
    edit_page_text: editPageText,
    append_blocks: appendBlocks,
    list_comments: listComments,
    create_comment: createComment,
    list_users: listUsers,
  },
})

const meWire = z.object({ name: z.string(), bot: z.object({ workspace_name: z.string().nullish() }).optional() })
