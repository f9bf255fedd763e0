// Written by `npm run gen` from the folders beside this file.

/** The ids of every provider that the gateway knows: manifests are large, and few gateways need them to start. */
export const PROVIDER_IDS: readonly string[] = ['github', 'gmail', 'google-calendar', 'http', 'jira', 'notion', 'slack']
