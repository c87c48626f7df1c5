import type { IncomingMessage } from 'node:http'

/** What is wrong with a request before it is anybody's question, and what Node's parser lets through. */
export type RequestFlaw = 'version' | 'host' | 'target' | 'framing' | 'method'

const host = /^(?:[\w.~%!$&'()*+;=-]+|\[[\dA-Fa-f:.]+\])(?::\d{1,5})?$/

/** Any other coding would leave open where the body ends. */
const chunked = /^chunked$/i

/** What the raw head of a request says about it. */
export interface RequestHead {
  readonly flaw: RequestFlaw | undefined
  /**
   * Whether nothing more can be read after it: a body is announced, which none of the hooks has and which may never
   * come, or another protocol, after which Node throws away what came in the same packet.
   */
  readonly isLast: boolean
}

/** Looks over a head: exactly one well-formed Host, a target that is a path, an honest framing. */
export function inspectHead(request: IncomingMessage): RequestHead {
  const { method, url, rawHeaders } = request
  const marks = readMarks(rawHeaders)
  const { isLast } = marks
  // The parser takes 0.9 and 2.0 too, by the rules of 1.1.
  if (request.httpVersionMajor !== 1) return { flaw: 'version', isLast }
  if (marks.hosts !== 1 || marks.badHost) return { flaw: 'host', isLast }
  if (marks.badFraming) return { flaw: 'framing', isLast }
  if (url?.startsWith('/') !== true) return { flaw: 'target', isLast }
  return { flaw: method === 'TRACE' ? 'method' : undefined, isLast }
}

interface Marks {
  hosts: number
  badHost: boolean
  badFraming: boolean
  isLast: boolean
}

function readMarks(rawHeaders: readonly string[]): Marks {
  const marks = { hosts: 0, badHost: false, badFraming: false, isLast: false }
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const interest = interestOf(rawHeaders[at] ?? '')
    if (interest) mark(marks, interest, rawHeaders[at + 1] ?? '')
  }
  return marks
}

function mark(marks: Marks, interest: Interest, value: string): void {
  switch (interest) {
    case 'host':
      marks.hosts++
      marks.badHost ||= !host.test(value)
      break
    case 'content-length':
      marks.isLast ||= value !== '0'
      break
    case 'transfer-encoding':
      marks.isLast = true
      marks.badFraming ||= !chunked.test(value)
      break
    case 'upgrade':
      marks.isLast = true
  }
}

const interestNames = ['host', 'content-length', 'transfer-encoding', 'upgrade'] as const
type Interest = (typeof interestNames)[number]
const byLength: readonly (Interest | undefined)[] = Array.from({ length: 18 }, (_, length) =>
  interestNames.find((name) => name.length === length),
)

/** Most names are done with by their length. */
function interestOf(name: string): Interest | undefined {
  const interest = byLength[name.length]
  return interest !== undefined && name.toLowerCase() === interest ? interest : undefined
}
