import type { Effect } from '../kernel/tool.ts'

/** One value that a person gives for a known server, and where it goes. */
export interface KnownServerField {
  readonly key: string
  readonly label: string
  /** An argument at the end, an environment variable, or a field of the credential, named by `key`. */
  readonly in: 'argument' | 'environment' | 'credential'
  readonly secret: boolean
  readonly required: boolean
  /** What such a value looks like. */
  readonly example?: string
}

/** A server that many people use, with what is known of it; all of it can be changed in a connection. */
export interface KnownServer {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly docs: string
  /** Absent for `custom`, where the person chooses. */
  readonly start?:
    | { readonly kind: 'stdio'; readonly command: string; readonly args: readonly string[] }
    | { readonly kind: 'http'; readonly url: string; readonly methods: readonly ('none' | 'bearer' | 'oauth')[] }
  /** Environment variables that are set unless a person says otherwise. */
  readonly environment?: Readonly<Record<string, string>>
  readonly fields: readonly KnownServerField[]
  /** What its tools do, by name; the others stay unclassified. */
  readonly effects: Readonly<Record<string, Effect>>
}

const effects = (effect: Effect, names: string): Readonly<Record<string, Effect>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, effect]))
const npx = (...args: readonly string[]) => ({ kind: 'stdio' as const, command: 'npx', args: ['-y', ...args] })

/** The servers, the one for everything else last. */
export const KNOWN_SERVERS: readonly KnownServer[] = [
  {
    id: 'filesystem',
    title: 'Files',
    description: 'Reads and writes files in folders that you name.',
    docs: 'https://github.com/modelcontextprotocol/servers/tree/main/src/filesystem',
    start: npx('@modelcontextprotocol/server-filesystem'),
    fields: [{ key: 'folder', label: 'Folder', in: 'argument', secret: false, required: true, example: '/srv/shared' }],
    effects: {
      ...effects('read', 'read_file read_text_file read_media_file read_multiple_files list_directory directory_tree'),
      ...effects('read', 'list_directory_with_sizes list_allowed_directories search_files get_file_info'),
      ...effects('write', 'create_directory'),
      ...effects('destructive', 'write_file edit_file move_file'),
    },
  },
  {
    id: 'postgres',
    title: 'PostgreSQL',
    description: 'Reads schemas and runs queries in read-only transactions.',
    docs: 'https://github.com/modelcontextprotocol/servers-archived/tree/main/src/postgres',
    start: npx('@modelcontextprotocol/server-postgres'),
    fields: [
      {
        key: 'url',
        label:
          'Connection URL of a role that may only read; it stands in the arguments, where others on the machine see it',
        in: 'argument',
        secret: true,
        required: true,
        example: 'postgresql://reader@db.example.com/app',
      },
    ],
    // The server opens read-only transactions; functions with side effects can still be called in them.
    effects: effects('write', 'query'),
  },
  {
    id: 'mongodb',
    title: 'MongoDB',
    description: 'Queries and changes collections, read-only unless you change that.',
    docs: 'https://github.com/mongodb-js/mongodb-mcp-server',
    start: npx('mongodb-mcp-server'),
    environment: { MDB_MCP_READ_ONLY: 'true' },
    fields: [
      {
        key: 'MDB_MCP_CONNECTION_STRING',
        label: 'Connection string',
        in: 'environment',
        secret: true,
        required: true,
        example: 'mongodb+srv://reader@cluster.example.net/app',
      },
    ],
    effects: {
      ...effects('read', 'find count list-databases list-collections collection-schema collection-indexes'),
      ...effects('read', 'collection-storage-size db-stats explain mongodb-logs'),
      // A pipeline may end in $out or $merge.
      ...effects('write', 'aggregate connect insert-many create-index create-collection rename-collection'),
      ...effects('destructive', 'update-many delete-many drop-collection drop-database drop-index'),
    },
  },
  {
    id: 'github',
    title: 'GitHub',
    description: "GitHub's own server: repositories, issues, pull requests.",
    docs: 'https://github.com/github/github-mcp-server',
    start: { kind: 'http', url: 'https://api.githubcopilot.com/mcp/', methods: ['bearer', 'oauth'] },
    fields: [
      {
        key: 'token',
        label: 'Personal access token',
        in: 'credential',
        secret: true,
        required: false,
        example: 'github_pat_…',
      },
    ],
    effects: {
      ...effects('read', 'get_me get_file_contents get_commit list_commits list_branches list_tags get_tag'),
      ...effects('read', 'search_code search_repositories search_issues search_pull_requests search_users'),
      ...effects('read', 'list_issues list_pull_requests list_releases get_latest_release'),
      ...effects('write', 'create_branch create_repository fork_repository create_pull_request add_issue_comment'),
      ...effects('destructive', 'delete_file push_files create_or_update_file merge_pull_request'),
    },
  },
  {
    id: 'memory',
    title: 'Memory',
    description: 'A knowledge graph in a file.',
    docs: 'https://github.com/modelcontextprotocol/servers/tree/main/src/memory',
    start: npx('@modelcontextprotocol/server-memory'),
    fields: [
      {
        key: 'MEMORY_FILE_PATH',
        label: 'File of the graph',
        in: 'environment',
        secret: false,
        required: true,
        example: '/srv/gatehouse/memory.jsonl',
      },
    ],
    effects: {
      ...effects('read', 'read_graph search_nodes open_nodes'),
      ...effects('write', 'create_entities create_relations add_observations'),
      ...effects('destructive', 'delete_entities delete_relations delete_observations'),
    },
  },
  {
    id: 'everything',
    title: 'Everything',
    description: 'The reference server, for trying things out. Its get-env tool shows its environment.',
    docs: 'https://github.com/modelcontextprotocol/servers/tree/main/src/everything',
    start: npx('@modelcontextprotocol/server-everything', 'stdio'),
    fields: [],
    effects: effects(
      'read',
      'echo get-annotated-message get-env get-structured-content get-sum get-tiny-image trigger-long-running-operation',
    ),
  },
  {
    id: 'custom',
    title: 'Another server',
    description: 'Any MCP server: a program, or a URL.',
    docs: 'https://modelcontextprotocol.io',
    fields: [],
    effects: {},
  },
]
