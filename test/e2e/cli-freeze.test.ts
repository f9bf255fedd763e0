import { expect, it } from 'vitest'
import { installation, serving } from '../helpers/cli.ts'

it('gatehouse freeze stops a gateway that runs, at once, and unfreeze lets it go on', async () => {
  const here = await installation()
  await serving(here)
  const call = () => here.run('call', 'conn:tools:echo', '{"message":"hi"}', '--agent', 'sidekick')
  expect((await call()).code).toBe(0)
  expect((await here.run('freeze', '--agent', 'sidekick', '--reason', 'key leaked')).code).toBe(0)
  const refused = await call()
  expect([refused.code === 0, refused.err]).toEqual([false, expect.stringContaining('key leaked')])
  expect((await here.run('freeze', '--list')).out).toContain('agent sidekick')
  expect((await here.run('unfreeze', '--agent', 'sidekick')).code).toBe(0)
  expect((await call()).code).toBe(0)
})
