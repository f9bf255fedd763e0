import { loopbackEmulator } from './loopback-emulator.ts'
import { vendorGate, type VendorGate } from '../fakes/vendor-gate.ts'
import {
  githubSeed,
  gmailSeed,
  ISSUES,
  MAILBOX,
  PULL_REQUEST,
  REPOSITORY,
  SLACK_MESSAGES,
  slackSeed,
  TOKENS,
} from './vendor-seeds.ts'

/** GitHub, Slack and Gmail of a small organisation, with state, on this machine. */
export interface EmulatedVendors {
  /** What a connection gives as `baseUrl`; it needs `allowPrivateNetwork`. */
  readonly github: string
  readonly slack: string
  readonly gmail: string
  readonly tokens: { readonly github: string; readonly slack: string; readonly gmail: string }
  /** Ids of Slack channels by name. */
  readonly channels: { readonly general: string; readonly incidents: string }
  readonly repository: { readonly owner: string; readonly repo: string }
  readonly mailbox: string
  close(): Promise<void>
}

/** Starts the three services and fills them. Nothing is kept: every start gives the same organisation. */
export async function startEmulatedVendors(): Promise<EmulatedVendors> {
  const github = await loopbackEmulator('github', {
    tokens: { [TOKENS.github]: { login: 'ann', scopes: ['repo', 'user'] } },
    github: githubSeed,
  })
  const slack = await loopbackEmulator('slack', { tokens: slackTokens(), slack: slackSeed })
  const gmail = await loopbackEmulator('google', { tokens: { [TOKENS.gmail]: { login: MAILBOX } }, google: gmailSeed })
  await fillGitHub(github.url)
  const channels = await fillSlack(slack.url)
  const gates = await Promise.all([gateOfGitHub(github.port), gateOfSlack(slack.port), gateOfGmail(gmail.port)])
  return {
    github: gates[0].url,
    slack: `${gates[1].url}/api`,
    gmail: gates[2].url,
    tokens: TOKENS,
    channels,
    repository: REPOSITORY,
    mailbox: MAILBOX,
    close: async () => {
      await Promise.all([...gates, github, slack, gmail].map((running) => running.close()))
    },
  }
}

const slackTokens = () =>
  Object.fromEntries(slackSeed.tokens.map(({ token, user }) => [token, { login: user, scopes: [] }]))

const gateOfGitHub = (port: number): Promise<VendorGate> =>
  vendorGate({ port, tokens: [TOKENS.github], refusal: { status: 401, body: { message: 'Bad credentials' } } })

const gateOfSlack = (port: number): Promise<VendorGate> =>
  vendorGate({ port, tokens: [TOKENS.slack], refusal: { status: 200, body: { ok: false, error: 'invalid_auth' } } })

const gateOfGmail = (port: number): Promise<VendorGate> =>
  vendorGate({
    port,
    tokens: [TOKENS.gmail],
    refusal: {
      status: 401,
      body: { error: { code: 401, message: 'Invalid Credentials', status: 'UNAUTHENTICATED' } },
    },
    answers: {
      // The emulator has no profile; it is what tells whose mailbox this is.
      '/gmail/v1/users/me/profile': {
        emailAddress: MAILBOX,
        messagesTotal: gmailSeed.messages.length,
        threadsTotal: new Set(gmailSeed.messages.map((message) => message.thread_id)).size,
      },
    },
  })

async function fillGitHub(url: string): Promise<void> {
  const repository = `${url}/repos/${REPOSITORY.owner}/${REPOSITORY.repo}`
  for (const { comments, ...issue } of ISSUES) {
    const { number } = await send<{ number: number }>('POST', `${repository}/issues`, TOKENS.github, issue)
    for (const body of comments) {
      await send('POST', `${repository}/issues/${number}/comments`, TOKENS.github, { body })
    }
  }
  const { branch, file, title, body } = PULL_REQUEST
  const main = await send<{ object: { sha: string } }>('GET', `${repository}/git/ref/heads/main`, TOKENS.github)
  await send('POST', `${repository}/git/refs`, TOKENS.github, { ref: `refs/heads/${branch}`, sha: main.object.sha })
  await send('PUT', `${repository}/contents/${file.path}`, TOKENS.github, {
    message: title,
    content: Buffer.from(file.text).toString('base64'),
    branch,
  })
  await send('POST', `${repository}/pulls`, TOKENS.github, { title, body, head: branch, base: 'main' })
}

async function fillSlack(url: string): Promise<EmulatedVendors['channels']> {
  const { channels } = await send<{ channels: readonly { id: string; name: string }[] }>(
    'POST',
    `${url}/api/conversations.list`,
    TOKENS.slack,
  )
  const idOf = (name: string): string => channels.find((channel) => channel.name === name)?.id ?? ''
  for (const { token } of slackSeed.tokens) {
    await send('POST', `${url}/api/conversations.join`, token, { channel: idOf('general') })
  }
  for (const { token, channel, text } of SLACK_MESSAGES) {
    await send('POST', `${url}/api/chat.postMessage`, token, { channel: idOf(channel), text })
  }
  return { general: idOf('general'), incidents: idOf('incidents') }
}

async function send<Reply>(method: string, url: string, token: string, body?: unknown): Promise<Reply> {
  const reply = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!reply.ok) throw new Error(`The emulated service refused ${method} ${url}: ${reply.status} ${await reply.text()}`)
  return (await reply.json()) as Reply
}
