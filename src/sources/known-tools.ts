import type { McpTransport } from './mcp-spec.ts'

/** A server that many people use, known by what it calls itself, by the package that starts it, or by its host. */
interface KnownTools {
  readonly names: readonly string[]
  /** One tool a line: its name, and what people say for it and its definition does not. */
  readonly words: string
}

const SERVERS: readonly KnownTools[] = [
  {
    names: ['secure-filesystem-server', '@modelcontextprotocol/server-filesystem'],
    words: `
read_file: open, cat, what is inside, what does it say
read_text_file: open, cat, view, print, what is inside, what does it say, first lines, last lines, log file, notes, csv, tail of a log, read a document, show me the file, beginning or end of a file, what did I write
read_media_file: open a picture, photo, screenshot, sound, recording, mp3, png, jpg, pdf, binary, look at an image, describe a photo, view, what is in the picture, listen, what can you see in it, play
read_multiple_files: several at once, batch, bulk, many documents, all of these, both, two files, side by side, compare, read everything, versions, load both and tell the differences, open together
write_file: save, store, new text file, put text into, export, dump, replace the whole file, make a document on disk, create a csv, write down, new document, download into, keep as a file, put into a text file, keep a copy of the text
edit_file: change a line, replace text, patch, find and replace, fix, modify, correct a typo, insert, preview the change, replace a word, swap, remove a line, update a setting, adjust the code, comment out, rewrite a part, fix a setting
create_directory: new folder, mkdir, make a directory, subfolder, add a folder, place for, set up a folder, somewhere to put things
list_directory: ls, dir, folder contents, what is in a folder, show files, browse, which documents are there, which files do we have, shared drive, what is stored there, show the files, is there anything in it, how many files
list_directory_with_sizes: how big, largest, biggest, disk usage, du, space taken, megabytes, heavy, sort by size, how much space, how many megabytes, storage, large files, disk is full, what eats up the space
directory_tree: whole hierarchy, project layout, folder structure, nested folders, subfolders, overview, outline, all subfolders, everything below a folder, map of the files, how are the folders organised
move_file: rename, mv, relocate, put into another folder, different name, give a new name, tidy up, put into the archive, sort into folders, call it differently, belongs into, put it there, file away, misplaced, change the filename
search_files: find by name, glob, locate, wildcard, extension, where is, which folder has, look for a document, where did I save, find a document, is there a file called, which files match, lost, cannot find, missing, where is my
get_file_info: when was it changed, last modified, date, how big, size, permissions, stat, owner, properties, how old, how large, kind of file, details, date of a file, who may read it, when was it created, access rights, how long is it, is it new, bytes, touched
list_allowed_directories: which folders can I use, access, roots, permitted, sandbox, where may I look, reachable paths, what part of the disk can you see, which folders do you have, where can I save, available locations, where may you read or write on this computer`,
  },
  {
    names: ['memory-server', '@modelcontextprotocol/server-memory'],
    words: `
create_entities: remember a person, store, save knowledge, new node, keep in mind, company, concept, learn about, note down, keep in mind that, new customer, project, take note of somebody, introduce, take note, is called, never forget, important person, remember the name
create_relations: link, connect, relationship, edge, works at, belongs to, reports to, knows, is part of, depends on, owner of, connect two, married to, boss of, uses, is responsible for, family, how they are related, who works with whom, friend, neighbour
add_observations: remember more, fact, detail, note, learned, preference, prefers, likes, add to what is known, birthday, note that, update what you know, moved to, on leave, got a new job, also, allergic, add to what you know, by the way, habit
delete_entities: forget somebody, remove a person, erase a node, wipe, drop from memory, forget about, erase a customer, purge, no longer exists, erase completely, has gone
delete_observations: forget a fact, no longer true, outdated, wrong information, remove a note, changed their mind, remove a fact, not right any more, correct what you know, is wrong after all, forget that something is so
delete_relations: unlink, disconnect, remove an edge, no longer works at, left the company, not connected any more, remove the connection, is not the owner any more, separated, are not related, split up
read_graph: everything remembered or stored, whole memory, dump, all that is known, show all, recall everything, what do you remember, what do you remember altogether, everything you know, export, all the things you keep in mind
search_nodes: recall, what do you know about, what do we know, look up in memory, find a person, remember, did I mention, know about, who is, what did I tell you, facts about, look for, have I ever told you about, who was it again, did we talk about, what did I say about
open_nodes: details of a person, what is stored for a name, look at an entry, by exact name, facts about, show an entity, known entries, what do you have on, show the nodes, exact entries, what exactly is noted for somebody`,
  },
  {
    names: ['mcp-servers/everything', 'example-servers/everything', '@modelcontextprotocol/server-everything'],
    words: `
echo: repeat, say again, parrot, same text, ping, test the connection, reply with my words, repeat what I say, send back, is it alive, are you there, return the text
get-annotated-message: sample error, success, debug, priority, audience, annotated, show an annotated warning
get-env: settings of the process, PATH, config, debug the server, system variables, which variables are set, environment of the test server
get-resource-links: several links, URIs, sample links, pointers, return links, example links
get-resource-reference: one resource, embed, by id, text or blob, pointer, reference to a resource by number
get-roots-list: workspace folders, which roots does the client have, project root
trigger-elicitation-request: ask the user, form, question to a person, confirm, fill in
trigger-url-elicitation: have the user open a link, sign-in page, browser
trigger-sampling-request: ask the language model, LLM, generate text, completion, prompt
get-structured-content: weather, temperature, humidity, city, conditions, rain, typed JSON, schema, how warm or cold is it
get-sum: add up, plus, two numbers together, how much is, addition, calculate, arithmetic, total, maths, calculator, calculate two numbers, add numbers
get-tiny-image: picture, icon, sample photo, png, graphic, show a small image, test image
gzip-file-as-resource: zip, compress, archive, shrink, make smaller, pack, gz, compress a file at a URL
toggle-simulated-logging: log messages, start logs, stop logs, fake logs, verbose, switch, turn logging on or off, test log
toggle-subscriber-updates: notifications, fake updates, push events, switch, change events, send resource updates, turn on or off
trigger-long-running-operation: progress bar, slow task, takes a while, wait, job, background, delay, seconds, sleep, test progress, something that takes long, steps
simulate-research-query: investigate, look into a subject, report on, study, background reading, find out about, survey, research a topic, pretend research, inquiry, write a report about a topic`,
  },
  {
    names: ['mcp-fetch', 'mcp-server-fetch'],
    words: `
fetch: web page, website, download, read a URL, open a link, article, online, scrape, browse, internet, curl`,
  },
  {
    names: ['mcp-git', 'mcp-server-git'],
    words: `
git_status: uncommitted, changed files, clean, what is modified, dirty, untracked, pending work
git_diff_unstaged: what did I change, not yet added, local edits, compare, modified lines
git_diff_staged: about to be committed, what will be committed, indexed, added changes
git_diff: compare branches, difference between commits, what changed since, patch
git_commit: save changes, check in, record, message, snapshot
git_add: stage, include in the next commit, track a file
git_reset: unstage, undo add, take out of the index, revert staging
git_log: history, who changed, recent commits, authors, when, timeline
git_create_branch: new branch, fork off, start a feature
git_checkout: switch branch, change branch, go to, move to another branch
git_show: look at a commit, what did a commit change, details, inspect
git_branch: list branches, which branches, current branch, remote branches`,
  },
  {
    names: ['mcp-time', 'mcp-server-time'],
    words: `
get_current_time: what time is it, clock, now, today, date, local time, hour
convert_time: time zone, time difference, what time is it there, UTC, abroad, when is that for them`,
  },
  {
    names: ['sequential-thinking-server', '@modelcontextprotocol/server-sequential-thinking'],
    words: `
sequentialthinking: reason step by step, plan, break down a problem, think it through, reflect, analyse, chain of thought`,
  },
  {
    names: ['github-mcp-server', '@modelcontextprotocol/server-github', 'api.githubcopilot.com'],
    words: `
get_me: who am I, my account, own login, signed in as, profile
issue_read: ticket details, bug description, discussion, comments, labels, sub-issues
issue_write: report a bug, file a ticket, feature request, edit a ticket, close, reopen, assign, label
create_issue: report a bug, file a ticket, feature request, raise, log a problem
update_issue: edit a ticket, close, reopen, assign, label, rename
add_issue_comment: reply, respond to a ticket, answer, leave feedback, note
list_issues: open tickets, bugs, backlog, by label, what needs doing
search_issues: find tickets, look for a bug, assigned to me, already reported, duplicate, across repos
list_pull_requests: PRs, merge requests, awaiting review, proposed changes
search_pull_requests: find PRs, merge requests by author, review requested from me
pull_request_read: PR details, diff, changed files, patch, checks, reviews, merge conflicts
create_pull_request: open a PR, merge request, propose changes, submit for review
update_pull_request: edit a PR, retitle, ready for review, close, reviewers
merge_pull_request: land, ship, squash, rebase, accept a PR, into main
pull_request_review_write: approve, request changes, code review, LGTM, submit feedback
get_file_contents: source code, README, read a script, look into a repo, config, folder
create_or_update_file: commit a file, save code, edit a document in a repo
push_files: commit several files, upload, check in
delete_file: remove a document from a repo
create_branch: new branch, fork off, start a feature
list_branches: which branches
list_commits: history, recent changes, who changed, log
get_commit: diff, what did a commit change, patch
search_code: grep, where is it used, find a function, snippet
search_repositories: find projects, open source, popular repos
create_repository: new project, start a repo
fork_repository: copy a project
list_releases: versions, changelog, downloads
get_latest_release: newest version, current version
actions_run_trigger: start a workflow, run CI, rerun a build, deploy
get_job_logs: why did the build fail, CI output, broken pipeline`,
  },
  {
    names: ['@modelcontextprotocol/server-slack', 'mcp-server-slack'],
    words: `
slack_list_channels: rooms, groups, which channels
slack_post_message: send, write, announce, tell the team, inform, chat, DM
slack_reply_to_thread: answer, respond, follow up
slack_add_reaction: emoji, thumbs up, like, check mark
slack_get_channel_history: read, catch up, recent chat, what was said, missed, conversation
slack_get_thread_replies: discussion, answers, responses, conversation
slack_get_users: people, members, colleagues, team directory
slack_get_user_profile: who is this, person, title, email, phone`,
  },
  {
    names: ['example-servers/postgres', '@modelcontextprotocol/server-postgres'],
    words: `
query: SQL, select, database, table, rows, records, count, report, data`,
  },
  {
    names: ['sqlite', 'mcp-server-sqlite'],
    words: `
read_query: SQL, select, look up rows, records, count, database
write_query: insert, update, delete rows, change data, SQL
create_table: new table, define columns, schema
list_tables: which tables, database overview
describe_table: columns, fields, types, schema
append_insight: note, finding, memo, observation`,
  },
  {
    names: ['mongodb-mcp-server'],
    words: `
find: query documents, look up records, filter a collection, select
aggregate: group, sum, average, report, statistics, pipeline
count: how many documents, number of records
insert-many: add documents, new records, save data
update-many: change documents, set a field, edit records
delete-many: remove documents, erase records
list-databases: which databases
list-collections: which collections, tables, what data is there
collection-schema: fields, columns, types, structure of the data
collection-indexes: which indexes, keys
create-index: speed up queries, slow query
explain: why is a query slow, query plan, performance`,
  },
  {
    names: ['example-servers/puppeteer', '@modelcontextprotocol/server-puppeteer'],
    words: `
puppeteer_navigate: open a website, go to a URL, visit, browse, load
puppeteer_screenshot: capture, picture of a page, snapshot
puppeteer_click: press a button, follow a link, tap
puppeteer_fill: type into, form, enter text, log in
puppeteer_select: drop-down, choose an option
puppeteer_hover: mouse over, point at, tooltip
puppeteer_evaluate: run JavaScript, script, read from the page`,
  },
  {
    names: ['Playwright', '@playwright/mcp'],
    words: `
browser_navigate: open a website, go to a URL, visit, browse, load
browser_navigate_back: previous page, return, history
browser_snapshot: read the page, what is on the page, accessibility tree, text, elements
browser_take_screenshot: capture, picture of a page, image
browser_click: press a button, follow a link, tap
browser_type: enter text, write into a field, search box
browser_fill_form: log in, sign up, fields, checkbox
browser_select_option: drop-down, choose, list
browser_hover: mouse over, point at, tooltip
browser_drag: drag and drop, move an element
browser_press_key: keyboard, enter, escape, shortcut
browser_file_upload: attach, choose a document
browser_handle_dialog: alert, confirm, popup, accept
browser_wait_for: until it appears, loading, pause
browser_evaluate: run JavaScript, script
browser_console_messages: errors, logs, warnings, debug
browser_network_requests: traffic, API calls, failed requests, slow
browser_tabs: windows, switch, new tab
browser_resize: window size, mobile, viewport
browser_close: quit, end, finish`,
  },
  {
    names: [
      'brave-search-mcp-server',
      'example-servers/brave-search',
      '@brave/brave-search-mcp-server',
      '@modelcontextprotocol/server-brave-search',
    ],
    words: `
brave_web_search: google, internet, online, look up, find websites, research, what is
brave_local_search: nearby, restaurant, shop, address, opening hours, business, near me
brave_place_search: nearby, restaurant, shop, address, points of interest, near me
brave_image_search: pictures, photos, illustrations
brave_video_search: clips, movies, tutorials, watch
brave_news_search: headlines, current events, latest, press, articles
brave_summarizer: short answer, overview, abstract`,
  },
  {
    names: ['Notion API', '@notionhq/notion-mcp-server'],
    words: `
API-post-search: find a page, doc, wiki, notes, knowledge base, look up, database by name
API-retrieve-a-page: open a doc, read, properties, details
API-retrieve-page-markdown: read a doc, text, content, meeting notes
API-get-block-children: read the content, text of a page, paragraphs, what does it say
API-patch-block-children: write more, add text, append, paragraph, to-do, insert
API-update-a-block: edit text, fix a typo, tick off, change a paragraph
API-delete-a-block: remove text, paragraph, section
API-post-page: new doc, write a note, wiki article, add a row, new entry
API-patch-page: rename, set a status, change a field, tick off, archive, trash
API-move-page: put elsewhere, another parent, reorganise
API-post-database-query: filter, rows, records, entries, table, tasks due
API-query-data-source: filter, rows, records, entries, table, tasks due
API-retrieve-a-database: columns, schema, table
API-retrieve-a-data-source: columns, fields, schema, select options, table structure
API-create-a-database: new table, tracker
API-retrieve-a-comment: discussion, feedback, remarks, replies
API-create-a-comment: leave feedback, reply, remark, respond, annotate
API-get-users: people, members, colleagues, workspace
API-get-user: who is this, person, email
API-get-self: who am I, bot, token, own account`,
  },
]

type Words = ReadonlyMap<string, readonly string[]>

/**
 * Words by which search finds the tools of a server that many people use, keyed by tool name; empty for other servers.
 * Agents are not shown them, and no fingerprint has them. Whoever claims another's name gets its words, and nothing else.
 */
export const knownWords = (serverName: string | undefined, transport: McpTransport): Words =>
  marksOf(serverName, transport).flatMap((mark) => WORDS.get(mark) ?? [])[0] ?? new Map()

const marksOf = (name: string | undefined, transport: McpTransport): readonly string[] => [
  ...(name === undefined ? [] : [name]),
  ...(transport.kind === 'stdio' ? transport.args.map(withoutVersion) : [transport.url.hostname]),
]

/** `@scope/package@1.2.3` is `@scope/package`. */
const withoutVersion = (argument: string): string => argument.replace(/(?<=.)@[^/]*$/, '')

const toWords = (lines: string): Words =>
  new Map(
    lines
      .trim()
      .split('\n')
      .map((line) => {
        const end = line.indexOf(': ')
        return [line.slice(0, end), line.slice(end + 2).split(', ')]
      }),
  )

const WORDS: ReadonlyMap<string, Words> = new Map(
  SERVERS.flatMap(({ names, words }) => {
    const known = toWords(words)
    return names.map((name) => [name, known] as const)
  }),
)
