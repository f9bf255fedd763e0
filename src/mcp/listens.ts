import type { Principal } from '../kernel/principal.ts'
import { ownerOf } from './sessions.ts'

type Serve = (request: Request) => Promise<Response>

/** The open `subscriptions/listen` streams of modern clients, by principal, so that they can be counted and ended. */
export interface Listens {
  /** Serves a listen; undefined when the principal has too many. */
  serve(request: Request, principal: Principal, serve: Serve): Promise<Response> | undefined
  /** Ends the listens of the principals that match. */
  end(matches: (principal: Principal) => boolean): void
}

export function listenBook(perPrincipal: number): Listens {
  const open = new Map<AbortController, Principal>()
  const countOf = (principal: Principal): number => {
    const owner = ownerOf(principal)
    return [...open.values()].filter((other) => ownerOf(other) === owner).length
  }
  return {
    serve(request, principal, serve) {
      if (countOf(principal) >= perPrincipal) return undefined
      const ended = new AbortController()
      const forget = (): void => {
        open.delete(ended)
        ended.abort()
      }
      open.set(ended, principal)
      request.signal.addEventListener('abort', forget, { once: true })
      return serve(withSignal(request, ended.signal)).then((response) => whenDone(response, forget))
    },
    end(matches) {
      for (const [controller, principal] of open) {
        if (!matches(principal)) continue
        open.delete(controller)
        controller.abort()
      }
    },
  }
}

/** The body stays behind: it has been read. */
const withSignal = ({ url, method, headers }: Request, signal: AbortSignal): Request =>
  new Request(url, { method, headers, signal })

/** A stream that we end ourselves does not abort the request's signal. */
function whenDone(response: Response, done: () => void): Response {
  const end = new TransformStream<Uint8Array, Uint8Array>({ flush: done })
  return new Response(response.body?.pipeThrough(end) ?? null, { status: response.status, headers: response.headers })
}
