/** What a person sees: the page that a chain of redirects ended on. */
export interface Seen {
  readonly url: URL
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** A browser without scripts: cookies per host, redirects followed, forms sent. */
export interface Browser {
  open(url: string | URL): Promise<Seen>
  /** Sends the first form of the page whose text has `containing`, its hidden fields and `fields` with it. */
  submit(page: Seen, fields?: Readonly<Record<string, string>>, containing?: string): Promise<Seen>
  /** Goes on from page to page until `isLast`, as a person that agrees to all. */
  agree(page: Seen, answers: Readonly<Record<string, string>>, containing?: string): Promise<Seen>
  /** Stops in front of the first address for which this is true; its page is not asked for. */
  stopAt: ((url: URL) => boolean) | undefined
  readonly cookies: Map<string, Map<string, string>>
  /** Every cookie that was set, as it came. */
  readonly setCookies: string[]
}

const MOST_HOPS = 15

/** `own` answers for the one origin that no socket listens on. */
export function browser(own: { readonly origin: string; fetch(request: Request): Promise<Response> }): Browser {
  const cookies = new Map<string, Map<string, string>>()
  const setCookies: string[] = []
  const send = async (url: URL, init: RequestInit): Promise<Response> => {
    const jar = cookies.get(url.host) ?? new Map<string, string>()
    cookies.set(url.host, jar)
    const headers = new Headers(init.headers)
    if (url.origin === own.origin) headers.set('host', url.host)
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    const request = { ...init, headers, redirect: 'manual' as const }
    const reply = url.origin === own.origin ? await own.fetch(new Request(url, request)) : await fetch(url, request)
    for (const line of reply.headers.getSetCookie()) {
      setCookies.push(line)
      const [pair = ''] = line.split(';')
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      if (/;\s*(?:max-age=0|expires=thu, 01 jan 1970)/i.test(line) || value === '') jar.delete(name)
      else jar.set(name, value)
    }
    return reply
  }
  const follow = async (start: URL, init: RequestInit): Promise<Seen> => {
    let url = start
    let next: RequestInit = init
    for (let hop = 0; hop < MOST_HOPS; hop++) {
      if (self.stopAt?.(url)) return { url, status: 0, text: '', headers: new Headers() }
      const reply = await send(url, next)
      const location = reply.headers.get('location')
      if (location === null) return { url, status: reply.status, text: await reply.text(), headers: reply.headers }
      url = new URL(location, url)
      next = {}
    }
    throw new Error(`Too many redirects, the last to ${url.href}`)
  }
  const self: Browser = {
    cookies,
    setCookies,
    stopAt: undefined,
    open: (url) => follow(new URL(url), {}),
    submit(page, fields = {}, containing = '') {
      const form = [...page.text.matchAll(/<form[^>]*>[\s\S]*?<\/form>/g)]
        .map(([text]) => text)
        .find((text) => text.includes(containing))
      if (form === undefined)
        throw new Error(`No form with "${containing}" on ${page.url.href}: ${page.text.slice(0, 400)}`)
      const action = attribute(/<form[^>]*>/.exec(form)?.[0] ?? '', 'action')
      const hidden = [...form.matchAll(/<input[^>]*>/g)].map(
        ([input]) => [attribute(input, 'name') ?? '', attribute(input, 'value') ?? ''] as const,
      )
      const body = new URLSearchParams({ ...Object.fromEntries(hidden.filter(([name]) => name !== '')), ...fields })
      return follow(new URL(action ?? page.url.href, page.url), {
        method: 'POST',
        body: body.toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: page.url.origin,
          'sec-fetch-site': 'same-origin',
        },
      })
    },
    async agree(page, answers, containing) {
      let seen = page
      for (let step = 0; step < 5 && seen.status === 200 && seen.url.origin !== own.origin; step++) {
        seen = await self.submit(seen, answers, containing)
      }
      return seen
    },
  }
  return self
}

function attribute(tag: string, name: string): string | undefined {
  const text = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return text
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
