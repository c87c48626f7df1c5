import type { IncomingHttpHeaders } from 'node:http'
import { IncomingMessage } from '../system/http.ts'
import { readHead, type RequestHead } from './request-head.ts'

/**
 * A request whose headers are read from the raw list alone. Node looks at `headers` of every request for a few names
 * and would build an object of all of them for that, which took a tenth of the time of an answer; here it gets the
 * few. What came twice is not hidden by it: everybody else reads the raw list.
 */
export class HookRequest extends IncomingMessage {
  declare method: string
  declare url: string
  #head: RequestHead | undefined

  get head(): RequestHead {
    return (this.#head ??= readHead(this.rawHeaders))
  }

  get path(): string {
    return pathOf(this.url)
  }
}

Object.defineProperty(HookRequest.prototype, 'headers', {
  get(this: HookRequest): IncomingHttpHeaders {
    return this.head.forNode
  },
})

/** A target without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
