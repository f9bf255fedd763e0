import type { JsonObject } from '../../kernel/json.ts'
import { looksLikeKey, looksSecret } from './secrets.ts'

/** Which client a file is of; they differ in what `$` and `url` mean. */
export type Client = 'claude-code' | 'claude-desktop' | 'cursor' | 'vscode' | 'codex' | 'gemini'

/** What is known when a server's texts are taken over. */
export interface Place {
  readonly client: Client
  readonly slug: string
  /** What `${workspaceFolder}` stands for. */
  readonly workspace: string
}

/** What is told of a server, never with a value. */
export interface Findings {
  /** Variables to set before the gateway starts, and what each of them is. */
  readonly variables: { readonly name: string; readonly what: string; readonly secret: boolean }[]
  readonly notes: string[]
  /** Why the server cannot be taken over. */
  readonly problems: string[]
}

/** A text, or the variable that stands for it. */
export type Imported = string | { readonly env: string }

const BRACED = /\$\{([^}]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)/g
const VARIABLE = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s
/** Clients that leave `$NAME` alone, that mean something of their own with `${name}`, and that leave everything alone. */
const PLAIN_DOLLAR: ReadonlySet<Client> = new Set<Client>(['claude-code', 'cursor', 'vscode'])
const OWN_WORDS: ReadonlySet<Client> = new Set<Client>(['cursor', 'vscode'])
const VERBATIM: ReadonlySet<Client> = new Set<Client>(['claude-desktop', 'codex'])

/**
 * A text as the gateway's configuration writes it: references become `${env:NAME}`, and what stands for something that the
 * gateway cannot know is a problem.
 */
export function toText(text: string, { client, workspace }: Place, findings: Findings): string {
  if (VERBATIM.has(client)) return text.replaceAll('${', () => '$${')
  return text.replaceAll(BRACED, (all, braced: string | undefined, bare: string | undefined) => {
    if (braced === undefined) return PLAIN_DOLLAR.has(client) ? all : `\${env:${bare ?? ''}}`
    if (braced === 'workspaceFolder') return workspace
    if (braced === 'userHome') return '${env:HOME}'
    if (braced.startsWith('input:')) return asked(braced.slice(6), findings)
    const variable = VARIABLE.exec(braced)
    const name = OWN_WORDS.has(client) && !braced.startsWith('env:') ? undefined : variable?.[1]
    if (name !== undefined) return variable?.[2] === undefined ? `\${env:${name}}` : `\${env:${name}:-${variable[2]}}`
    findings.problems.push(`it refers to "${braced.slice(0, 40)}", which only the client knows`)
    return ''
  })
}

/** What the client would have asked for is a variable here. */
function asked(id: string, findings: Findings): string {
  const name = toVariable(id)
  note(findings, { name, what: `the input "${id.slice(0, 60)}"`, secret: true })
  return `\${env:${name}}`
}

/** A value with a name, such as a header: secrets become variables. */
export function toValue(name: string, value: string, kind: string, place: Place, findings: Findings): Imported {
  const text = toText(value, place, findings)
  if (refers(text, place) || !looksSecret(name, value)) return text
  return moved(name, kind, place, findings)
}

/** Whether the environment gives a part of the text already. */
const refers = (text: string, { client }: Place): boolean => !VERBATIM.has(client) && text.includes('${env:')

/** One argument. Only what gives itself away is a secret: arguments have no names. */
export function toArgument(value: string, index: number, place: Place, findings: Findings): string {
  const [, flag, given] = /^(--?[A-Za-z][\w-]*)=(.+)$/s.exec(value) ?? []
  const isSecret =
    looksLikeKey(value) || (flag !== undefined && given !== undefined && looksSecret(flag.replace(/^-+/, ''), given))
  const text = toText(value, place, findings)
  if (!isSecret || refers(text, place)) return text
  const { env } = moved(flag?.replace(/^-+/, '') ?? `ARG_${index + 1}`, 'argument', place, findings)
  findings.notes.push(
    `argument ${index + 1} is a secret, and everybody on the machine sees arguments: pass it in env if the server can`,
  )
  return flag === undefined ? `\${env:${env}}` : `${flag}=\${env:${env}}`
}

export function moved(name: string, kind: string, { slug }: Place, findings: Findings): { readonly env: string } {
  const [own, prefix] = [toVariable(name), toVariable(slug)]
  const variable = own.startsWith(`${prefix}_`) ? own : `${prefix}_${own}`
  note(findings, { name: variable, what: `${kind} ${name.slice(0, 60)}`, secret: true })
  return { env: variable }
}

export function note({ variables }: Findings, variable: Findings['variables'][number]): void {
  if (!variables.some(({ name }) => name === variable.name)) variables.push(variable)
}

export const toVariable = (name: string): string =>
  name
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .replace(/^(?=[0-9]|$)/, 'V_')
    .slice(0, 100)

/** The texts of an object; numbers and truth values are written out, the rest is told and left out. */
export function textsOf(value: JsonObject, what: string, findings: Findings): readonly (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, member]) => {
    if (typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean')
      return [[name, String(member)] as const]
    findings.notes.push(`${what} ${name.slice(0, 60)} is no text and was left out`)
    return []
  })
}
