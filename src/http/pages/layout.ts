import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'

export { html } from 'hono/html'

/** Text that `html` made: everything put into it was escaped. */
export type Html = ReturnType<typeof html>

/** One page for a person, complete on its own: it loads nothing. */
export interface Page {
  readonly title: string
  readonly body: Html
  readonly status?: number
  /** A script of ours, never made of data; it reads what it needs from `data-` attributes. The page works without it. */
  readonly script?: string
  /** Where forms of the page may lead, as CSP sources; nowhere when left out. */
  readonly formTargets?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--paper:#f6f7f9;--card:#fff;--line:#dde1e7;--go:#1f5fd6;--on-go:#fff;--bad:#b3261e;--good:#1a7f43}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a3acb8;--paper:#14171b;--card:#1d2127;--line:#343a43;--go:#7fabff;--on-go:#0b1526;--bad:#ff8a80;--good:#6fd39a}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:34rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:12px;overflow-wrap:anywhere}
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.3}
h1.good::before{content:"✓ ";color:var(--good)}
h1.bad::before{content:"✕ ";color:var(--bad)}
h2{margin:1.5rem 0 .5rem;font-size:1rem}
p,ul,dl{margin:0 0 1rem}
ul{padding-left:1.2rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1rem}
dt,.soft{color:var(--soft)}
dd{margin:0}
code,pre{font:.9em/1.45 ui-monospace,monospace}
pre{overflow:auto;padding:.75rem;border:1px solid var(--line);border-radius:8px;white-space:pre-wrap}
form{display:flex;flex-wrap:wrap;gap:.75rem}
input,textarea{width:100%;padding:.55rem .7rem;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:8px}
button,a.button{display:inline-block;padding:.6rem 1.1rem;font:inherit;font-weight:600;color:var(--on-go);background:var(--go);border:1px solid var(--go);border-radius:8px;text-decoration:none;cursor:pointer}
button.quiet{color:var(--ink);background:none;border-color:var(--line)}
button.danger{color:var(--card);background:var(--bad);border-color:var(--bad)}
a{color:var(--go)}
:focus-visible{outline:3px solid var(--go);outline-offset:2px}
`

/**
 * The page as a response that no other site can frame, that nothing caches, and that runs and loads nothing but what is
 * in it (CSP level 2 hashes; no `unsafe-inline`).
 */
export async function pageResponse(page: Page): Promise<Response> {
  const { title, body, status = 200, script, headers = {} } = page
  const text = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Gatehouse</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>${body}</main>
        ${script === undefined ? '' : raw(`<script>${script}</script>`)}
      </body>
    </html>`
  return new Response(String(text), { status, headers: { ...pageHeaders(page), ...headers } })
}

const pageHeaders = ({ script, formTargets = [] }: Page): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // Without a referrer, browsers send forms with `Origin: null`, which could be anybody's (Fetch §3.2).
  'referrer-policy': formTargets.length === 0 ? 'no-referrer' : 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'content-security-policy': [
    "default-src 'none'",
    `style-src ${hashOf(STYLE)}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`]),
    `form-action ${formTargets.length === 0 ? "'none'" : formTargets.join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
})

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
