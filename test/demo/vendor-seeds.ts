/** The tokens that the emulated services accept. They open nothing anywhere else. */
export const TOKENS = {
  github: 'demo-github-token',
  slack: 'demo-slack-token',
  gmail: 'demo-gmail-token',
} as const

export const MAILBOX = 'ann@acme.example'
export const REPOSITORY = { owner: 'acme', repo: 'gatehouse-demo' } as const

export const githubSeed = {
  users: [
    { login: 'ann', name: 'Ann Lee', email: MAILBOX },
    { login: 'priya', name: 'Priya Nair', email: 'priya@acme.example' },
  ],
  orgs: [
    {
      login: REPOSITORY.owner,
      name: 'Acme',
      members: [
        { login: 'ann', role: 'admin' },
        { login: 'priya', role: 'member' },
      ],
    },
  ],
  repos: [
    {
      owner: REPOSITORY.owner,
      name: REPOSITORY.repo,
      description: 'The importer that moves orders from Northwind into our books',
      language: 'TypeScript',
      auto_init: true,
    },
    { owner: 'ann', name: 'runbooks', description: 'What to do when something breaks', private: true, auto_init: true },
  ],
}

/** Written through the emulator's own API, because its seed knows no issues. */
export const ISSUES = [
  {
    title: 'Importer stops at orders without a tax number',
    body:
      'Since Tuesday the nightly run ends at the first order that comes out of Switzerland.\n\n' +
      'Steps:\n1. `npm run import -- --since 2026-01-20`\n2. See `TypeError: taxNumber is undefined`',
    labels: ['bug'],
    comments: [
      'Confirmed. 14 orders are waiting. I think the mapping in `src/orders.ts` assumes that every order has one.',
    ],
  },
  {
    title: 'Tell #incidents when a nightly run fails',
    body: 'Nobody noticed the failed run for two days. A Slack message with a link to the log would do.',
    labels: ['enhancement'],
    comments: [],
  },
]

export const PULL_REQUEST = {
  branch: 'optional-tax-number',
  file: {
    path: 'src/orders.ts',
    text: "export const taxNumberOf = (order: { tax?: string }) => order.tax ?? 'none'\n",
  },
  title: 'Accept orders without a tax number',
  body: 'Fixes the nightly run. Closes #1.',
}

export const slackSeed = {
  team: { name: 'Acme', domain: 'acme' },
  users: [
    { name: 'gatehouse', real_name: 'Gatehouse', email: 'gatehouse@acme.example' },
    { name: 'ann', real_name: 'Ann Lee', email: MAILBOX, profile: { title: 'Operations' } },
    { name: 'priya', real_name: 'Priya Nair', email: 'priya@acme.example', profile: { title: 'Backend' } },
  ],
  // #general and #random are there from the start.
  channels: [{ name: 'incidents', topic: 'What is broken right now, and who is on it' }],
  tokens: [
    { token: TOKENS.slack, user: 'gatehouse' },
    { token: 'demo-slack-ann', user: 'ann' },
    { token: 'demo-slack-priya', user: 'priya' },
  ],
}

/** Said in this order, each with the token of the person who says it. */
export const SLACK_MESSAGES = [
  { token: 'demo-slack-ann', channel: 'general', text: 'Good morning! Northwind go-live is on Thursday.' },
  { token: 'demo-slack-priya', channel: 'general', text: 'I will have the importer fixed by then.' },
  { token: 'demo-slack-priya', channel: 'incidents', text: 'Nightly import failed at 02:14, 14 orders are waiting.' },
] as const

/** One mail holds what should not reach a model: keys (made up, or AWS's documented example), addresses, a phone number. */
export const gmailSeed = {
  users: [{ email: MAILBOX, name: 'Ann Lee', hd: 'acme.example' }],
  labels: [{ id: 'Label_northwind', user_email: MAILBOX, name: 'Northwind' }],
  messages: [
    {
      id: 'msgcredentials',
      thread_id: 'thrcredentials',
      user_email: MAILBOX,
      from: 'Omar Haddad <omar@northwind.example>',
      to: MAILBOX,
      subject: 'Northwind API credentials for the importer',
      body_text:
        'Hi Ann,\n\nas promised, for the importer:\n\n' +
        '  api_key: nw-demo-7f3a91c2e4d84b06\n  AWS key id: AKIAIOSFODNN7EXAMPLE\n\n' +
        'Questions go to support@northwind.example or +41 44 555 01 23.\n\nOmar',
      label_ids: ['INBOX', 'UNREAD', 'Label_northwind'],
      date: '2026-01-26T08:12:00.000Z',
    },
    {
      id: 'msginvoice',
      thread_id: 'thrinvoice',
      user_email: MAILBOX,
      from: 'Northwind Billing <billing@northwind.example>',
      to: MAILBOX,
      subject: 'Invoice 1042 is due on Friday',
      body_text: 'Dear Ann Lee,\n\ninvoice 1042 over EUR 1,240.00 is due on 30 January.\n\nNorthwind Billing',
      label_ids: ['INBOX', 'UNREAD'],
      date: '2026-01-25T15:40:00.000Z',
    },
    {
      id: 'msgreview',
      thread_id: 'thrreview',
      user_email: MAILBOX,
      from: 'Priya Nair <priya@acme.example>',
      to: MAILBOX,
      subject: 'Review of the failed import',
      body_text: 'Shall we look at the failed import tomorrow at ten?\n\nPriya',
      label_ids: ['INBOX'],
      date: '2026-01-27T16:05:00.000Z',
      message_id: '<review-1@acme.example>',
    },
    {
      id: 'msgreviewreply',
      thread_id: 'thrreview',
      user_email: MAILBOX,
      from: `Ann Lee <${MAILBOX}>`,
      to: 'Priya Nair <priya@acme.example>',
      subject: 'Re: Review of the failed import',
      body_text: 'Ten is fine. I bring the list of the waiting orders.\n\nAnn',
      label_ids: ['SENT'],
      date: '2026-01-27T16:20:00.000Z',
      message_id: '<review-2@acme.example>',
      in_reply_to: '<review-1@acme.example>',
      references: '<review-1@acme.example>',
    },
  ],
}
