import * as z from 'zod'

const ZERO_WIDTH_SPACE = '\u200b'

/**
 * Takes the alarm out of a text: what would call a whole channel, workspace or user group is shown as plain words.
 * Every `<!…>` command but dates is escaped, whatever it says, so that no spelling slips through.
 * https://docs.slack.dev/messaging/formatting-message-text#special-mentions
 */
export const withoutBroadcast = (text: string): string =>
  text
    .replaceAll(/<!(?!date\^)/gi, '&lt;!')
    .replaceAll(/(?<![\w.-])@(?=(?:channel|here|everyone)\b)/gi, `@${ZERO_WIDTH_SPACE}`)

/** What every action that writes text asks for. */
export const writing = {
  text: z
    .string()
    .min(1)
    .max(40_000)
    .describe(
      'Message in Slack mrkdwn, such as "*Deployed* <https://example.com|v1.2>, thanks <@U012AB3CD>". Write & < > ' +
        'that are not markup as &amp; &lt; &gt;. Best under 4,000 characters.',
    ),
  allow_broadcast: z
    .boolean()
    .default(false)
    .describe(
      'True lets @channel, @here, @everyone and user groups in the text notify everybody. False (the default) shows ' +
        'them as plain words. Only set it when the user asked to notify everybody.',
    ),
}

/** The text to send, as the caller's `allow_broadcast` says. */
export const textOf = (input: { readonly text: string; readonly allow_broadcast: boolean }): string =>
  input.allow_broadcast ? input.text : withoutBroadcast(input.text)
