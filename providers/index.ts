// Written by `npm run gen` from the folders beside this file.
import type { Provider } from '#provider-kit'
import github from './github/index.ts'
import gmail from './gmail/index.ts'
import googleCalendar from './google-calendar/index.ts'
import http from './http/index.ts'
import jira from './jira/index.ts'
import notion from './notion/index.ts'
import slack from './slack/index.ts'

/** Every provider that the gateway knows, by id. */
export const providers: ReadonlyMap<string, Provider> = new Map<string, Provider>(
  [github, gmail, googleCalendar, http, jira, notion, slack].map((provider: Provider) => [provider.id, provider]),
)
