import { type Composed, composed } from './composed.ts'

/** A composed gateway and how the API and pages are asked over its real port. */
export interface FrontDoor extends Composed {
  readonly origin: string
  readonly admin: string
  /** Asks the API with a key or token. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>
  /** Registers a person with these roles and gives their key. */
  person(id: string, roles: readonly string[]): Promise<string>
  /** Registers an agent and gives its key. */
  agent(id: string): Promise<string>
}

export interface AskOptions {
  readonly as?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: Record<string, unknown>
}

export async function frontDoor(
  connections: Parameters<typeof composed>[0]['connections'] = {},
  policy?: object,
  sections: Readonly<Record<string, unknown>> = {},
): Promise<FrontDoor> {
  const house = await composed({ connections, sections, ...(policy && { policy }) })
  const { origin } = house.endpoint
  const admin = house.house.adminToken.reveal()
  const ask: FrontDoor['ask'] = async (method, path, { as = admin, body, headers = {} } = {}) => {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${as}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    })
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} }
  }
  const keyFrom = async (path: string, body: object): Promise<string> => {
    const answer = await ask('POST', path, { body })
    if (answer.status !== 201) throw new Error(answer.text)
    return String(answer.body['key'])
  }
  return {
    ...house,
    origin,
    admin,
    ask,
    person: (id, roles) => keyFrom('/api/people', { id, roles }),
    agent: (id) => keyFrom('/api/agents', { id }),
  }
}

/** A browser as far as cookies and forms go: it keeps what it is given and says where a form came from. */
export function browser(origin: string) {
  const jar = new Map<string, string>()
  const send = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie !== '' && { cookie }) }
    const response = await fetch(`${origin}${path}`, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return response
  }
  return {
    jar,
    open: (path: string) => send(path),
    /** The hidden token of the page's form. */
    async csrf(path: string): Promise<string> {
      const text = await (await send(path)).text()
      return /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
    },
    post: (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
      send(path, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin,
          'sec-fetch-site': 'same-origin',
          ...headers,
        },
        body: new URLSearchParams(fields).toString(),
      }),
  }
}
