import { afterEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { ClientRequest } from '../../../src/kernel/exchange.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { type Edge, fakeTools, messagesOf, postModern, type Run, startEdge, text } from '../../interop/fixture.ts'

const ASKABLE = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {}, sampling: {}, roots: {} } }
const ROOTS: ClientRequest = { method: 'roots/list', params: {} }
const MINUTE = 60_000

/** Asks once, and says what it was answered. */
const curious: Run = async (_input, { ask }) => text(JSON.stringify(await ask?.(ROOTS)))

interface Asked {
  readonly inputRequests: Record<string, JsonObject>
  readonly requestState: string
}

describe('a call that waits for its modern caller', () => {
  let edge: Edge
  afterEach(() => edge.close())

  const start = async (run: Run = curious, options: Parameters<typeof startEdge>[0] = {}): Promise<void> => {
    const tools = fakeTools()
    tools.define('curious', run)
    tools.define('other')
    edge = await startEdge({ tools, ...options })
  }
  const send = async (params: JsonObject = {}, options: Parameters<typeof postModern>[3] = {}): Promise<JsonObject> => {
    const { name = 'curious', ...rest } = params
    const response = await postModern(edge, 'tools/call', { name, ...rest }, { meta: ASKABLE, ...options })
    return (await messagesOf(response)).at(-1) ?? {}
  }
  const ask = async (params?: JsonObject): Promise<Asked> => {
    const { result } = await send(params)
    expect(result).toMatchObject({ resultType: 'input_required' })
    return result as unknown as Asked
  }
  const answer = (requestState: string, more: JsonObject = {}, options?: Parameters<typeof postModern>[3]) =>
    send({ inputResponses: { 'input-1': { roots: [] } }, requestState, ...more }, options)
  const INVALID = { error: { code: -32_602, data: { reason: 'invalid_request_state' } } }

  it('goes on with the answer, in another request', async () => {
    await start()
    const { inputRequests, requestState } = await ask()
    expect(inputRequests).toEqual({ 'input-1': ROOTS })
    expect(edge.mcp.counts()).toMatchObject({ running: 1, parked: 1 })
    expect(await answer(requestState, {}, { id: 'again' })).toMatchObject({
      id: 'again',
      result: { resultType: 'complete', content: [{ text: '{"roots":[]}' }] },
    })
    expect(edge.tools.calls).toHaveLength(1)
    expect(edge.mcp.counts()).toMatchObject({ running: 0, parked: 0 })
  })

  it('shows nothing of itself in what its caller keeps', async () => {
    await start()
    const { requestState } = await ask({ arguments: { note: 'hunter2' } })
    expect(Buffer.from(requestState, 'base64url').toString('latin1')).not.toMatch(/parked|agent|curious|hunter2|id-/)
  })

  it('takes an answer once', async () => {
    await start()
    const { requestState } = await ask()
    await answer(requestState)
    expect(await answer(requestState)).toMatchObject(INVALID)
    expect(edge.tools.calls).toHaveLength(1)
  })

  it('takes no answer of another principal, and stays for its own', async () => {
    await start()
    const { requestState } = await ask()
    expect(await answer(requestState, {}, { meta: ASKABLE, agent: 'bob' })).toMatchObject(INVALID)
    expect(await answer(requestState)).toMatchObject({ result: { resultType: 'complete' } })
  })

  it.each([
    ['other arguments', { arguments: { a: 2 } }],
    ['another name', { name: 'other', arguments: { a: 1 } }],
  ])('takes no answer with %s', async (_what, params) => {
    await start()
    const { requestState } = await ask({ arguments: { a: 1 } })
    expect(await answer(requestState, params)).toMatchObject(INVALID)
    expect(await answer(requestState, { arguments: { a: 1 } })).toMatchObject({ result: { resultType: 'complete' } })
  })

  it('takes no answer that was tampered with', async () => {
    await start()
    const { requestState } = await ask()
    const flip = (index: number) => {
      const other = requestState[index] === 'A' ? 'B' : 'A'
      return requestState.slice(0, index) + other + requestState.slice(index + 1)
    }
    const half = requestState.length / 2
    for (const forged of [
      flip(0),
      flip(20),
      flip(Math.floor(half)),
      requestState.slice(4),
      requestState.slice(0, -4),
      'x',
      '',
    ]) {
      expect(await answer(forged)).toMatchObject(INVALID)
    }
    expect(await answer(requestState)).toMatchObject({ result: { resultType: 'complete' } })
  })

  it('is over when its caller takes too long', async () => {
    const failed = vi.fn()
    await start(async (_input, exchange) => {
      await exchange.ask?.(ROOTS).catch(failed)
      return text(String(exchange.ending.isOver()))
    })
    const { requestState } = await ask()
    edge.advance(10 * MINUTE)
    expect(await answer(requestState)).toMatchObject(INVALID)
    await ask()
    expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'cancelled' }))
    expect(edge.mcp.counts().parked).toBe(1)
  })

  it('asks again what was not answered', async () => {
    await start(async (_input, { ask: put }) => text(JSON.stringify(await Promise.all([put?.(ROOTS), put?.(ROOTS)]))))
    const both = await ask()
    expect(Object.keys(both.inputRequests)).toEqual(['input-1', 'input-2'])
    const { result } = await answer(both.requestState, { inputResponses: { 'input-2': { roots: [2] }, nosuch: {} } })
    expect(result).toMatchObject({ resultType: 'input_required', inputRequests: { 'input-1': ROOTS } })
    const { requestState } = result as unknown as Asked
    expect(requestState).not.toBe(both.requestState)
    expect(await answer(requestState)).toMatchObject({
      result: { content: [{ text: '[{"roots":[]},{"roots":[2]}]' }] },
    })
  })

  it('asks no more than 32 things at once', async () => {
    const refused = vi.fn()
    await start(async (_input, { ask: put }) => {
      await Promise.all(Array.from({ length: 40 }, async () => put?.(ROOTS).catch(refused)))
      return text('done')
    })
    expect(Object.keys((await ask()).inputRequests)).toHaveLength(32)
    expect(refused).toHaveBeenCalledTimes(8)
    expect(refused).toHaveBeenCalledWith(expect.objectContaining({ code: 'upstream_refused' }))
  })

  it('is counted, for its principal and in total', async () => {
    await start(curious, { parked: { perPrincipal: 2, total: 3 } })
    const first = await ask()
    await ask()
    expect(await send()).toMatchObject({ error: { message: expect.stringContaining('Too many calls wait') } })
    const bob = { meta: ASKABLE, agent: 'bob' }
    expect(await send({}, bob)).toMatchObject({ result: { resultType: 'input_required' } })
    expect(await send({}, { meta: ASKABLE, agent: 'eve' })).toMatchObject({ error: { code: -32_603 } })
    await vi.waitFor(() => expect(edge.mcp.counts()).toMatchObject({ parked: 3, running: 3 }), { timeout: 10_000 })
    await answer(first.requestState)
    expect(await send()).toMatchObject({ result: { resultType: 'input_required' } })
  })

  it('is aborted when its principal loses its rights', async () => {
    const aborted = vi.fn()
    await start(async (_input, { ask: put, ending }) => {
      ending.whenOver(aborted)
      return text(JSON.stringify(await put?.(ROOTS)))
    })
    const { requestState } = await ask()
    await edge.mcp.terminate(({ agent }) => agent === 'bob')
    expect(aborted).not.toHaveBeenCalled()
    await edge.mcp.terminate(({ agent }) => agent === 'ann')
    expect(aborted).toHaveBeenCalledOnce()
    expect(await answer(requestState)).toMatchObject(INVALID)
    await vi.waitFor(() => expect(edge.mcp.counts()).toMatchObject({ parked: 0, running: 0 }), { timeout: 10_000 })
  })

  it('is aborted when its tool is hidden meanwhile', async () => {
    const aborted = vi.fn()
    await start(async (_input, { ask: put, ending }) => {
      ending.whenOver(aborted)
      return text(JSON.stringify(await put?.(ROOTS)))
    })
    const { requestState } = await ask()
    edge.tools.remove('other')
    edge.tools.announce()
    edge.tools.remove('curious')
    expect(aborted).not.toHaveBeenCalled()
    edge.tools.announce()
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce(), { timeout: 10_000 })
    expect(await answer(requestState)).toMatchObject(INVALID)
  })

  it('is cancelled with the request that it is on, whichever that is', async () => {
    const aborted = vi.fn()
    await start(async (_input, { ask: put, ending }) => {
      await put?.(ROOTS)
      return new Promise((_resolve, reject) => {
        ending.whenOver(() => {
          aborted()
          reject(new Error('stopped'))
        })
      })
    })
    const { requestState } = await ask()
    const gone = new AbortController()
    const params = { name: 'curious', requestState, inputResponses: { 'input-1': { roots: [] } } }
    const retry = postModern(edge, 'tools/call', params, { meta: ASKABLE, signal: gone.signal }).catch(() => 'gone')
    await vi.waitFor(() => expect(edge.mcp.counts()).toMatchObject({ parked: 0, running: 1 }), { timeout: 10_000 })
    expect(aborted).not.toHaveBeenCalled()
    gone.abort()
    expect(await retry).toBe('gone')
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce(), { timeout: 10_000 })
  })

  it('cannot ask a caller that declared nothing', async () => {
    await start(async (_input, { ask: put }) => text(String(put === undefined)))
    expect(await send({}, { meta: {} })).toMatchObject({ result: { content: [{ text: 'true' }] } })
  })
})

describe('a modern server that asks for input', () => {
  let edge: Edge
  afterEach(() => edge.close())
  const STATE = 'opaque "state" é\u2028'
  const asks =
    (request: JsonObject, more: JsonObject = { requestState: STATE }): Run =>
    () =>
      ({ resultType: 'input_required', inputRequests: { who: request }, ...more }) as never
  const call = async (params: JsonObject = {}, options: Parameters<typeof postModern>[3] = {}) => {
    const response = await postModern(edge, 'tools/call', { name: 'asks', ...params }, { meta: ASKABLE, ...options })
    return { status: response.status, message: (await messagesOf(response)).at(-1) ?? {} }
  }
  const start = async (run: Run, options: Parameters<typeof startEdge>[0] = {}) => {
    const tools = fakeTools()
    tools.define('asks', run)
    edge = await startEdge({ tools, ...options })
  }

  it('gets its own state back, byte for byte, from the caller that it was for, any number of times', async () => {
    await start(asks({ ...ROOTS }))
    const { message } = await call({ arguments: { a: 1, b: 2 } })
    expect(message['result']).toMatchObject({ resultType: 'input_required', inputRequests: { who: ROOTS } })
    const { requestState } = message['result'] as unknown as Asked
    expect(requestState).not.toContain('opaque')
    const inputResponses = { who: { roots: [] } }
    for (const options of [{ id: 2 }, { id: 3 }]) {
      await call({ arguments: { b: 2, a: 1 }, inputResponses, requestState }, options)
      expect(edge.tools.calls.at(-1)?.exchange.resumption).toEqual({ inputResponses, requestState: STATE })
    }
    const count = edge.tools.calls.length
    const foreign = { meta: ASKABLE, agent: 'bob' }
    for (const [params, options] of [
      [{ arguments: { a: 1, b: 2 } }, foreign],
      [{ arguments: { a: 1, b: 3 } }, {}],
      [{ arguments: { a: 1, b: 2 }, requestState: STATE }, {}],
    ] as const) {
      const { message: refused } = await call({ inputResponses, requestState, ...params }, options)
      expect(refused).toMatchObject({ error: { code: -32_602 } })
    }
    edge.advance(10 * MINUTE)
    const late = await call({ arguments: { a: 1, b: 2 }, inputResponses, requestState })
    expect(late.message).toMatchObject({ error: { code: -32_602 } })
    expect(edge.tools.calls).toHaveLength(count)
  })

  it('may do without a state', async () => {
    await start(asks({ ...ROOTS }, {}))
    const { message } = await call()
    expect(message['result']).not.toHaveProperty('requestState')
    await call({ inputResponses: { who: { roots: [] } } })
    expect(edge.tools.calls.at(-1)?.exchange.resumption).toEqual({ inputResponses: { who: { roots: [] } } })
  })

  it.each([true, false])('asks nothing that the caller did not declare (lean: %s)', async (lean) => {
    await start(asks({ ...ROOTS }), { lean })
    const { status, message } = await call({}, { meta: {} })
    expect(status).toBe(400)
    expect(message).toMatchObject({ error: { code: -32_021, data: { requiredCapabilities: { roots: {} } } } })
  })

  it.each([true, false])('that misses a capability itself is relayed (lean: %s)', async (lean) => {
    const data = { code: -32_021, message: 'Missing', data: { requiredCapabilities: { sampling: {} } } }
    await start(
      () => {
        throw new GatewayError('upstream_refused', 'The server refused.', { data })
      },
      { lean },
    )
    const { status, message } = await call({}, { meta: {} })
    expect([status, message['error']]).toEqual([400, data])
  })

  it('that sends its legacy callers to a URL first asks modern ones to visit it', async () => {
    const elicitation = { mode: 'url', url: 'https://acme.example/connect', message: 'Connect', elicitationId: 'e1' }
    const data = { code: -32_042, message: 'Visit', data: { elicitations: [elicitation] } }
    await start(() => {
      throw new GatewayError('upstream_refused', 'The server refused.', { data })
    })
    const { elicitationId: _id, ...params } = elicitation
    const meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } } }
    expect((await call({}, { meta })).message).toMatchObject({
      result: { resultType: 'input_required', inputRequests: { 'url-1': { method: 'elicitation/create', params } } },
    })
    expect((await call()).message).toMatchObject({ error: data })
  })
})
