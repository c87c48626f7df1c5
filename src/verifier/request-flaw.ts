import type { IncomingMessage } from 'node:http'

/** What is wrong with a request before it is anybody's question, and what Node's parser lets through. */
export type RequestFlaw = 'host' | 'target' | 'framing' | 'method'

const host = /^(?:[\w.~%!$&'()*+;=-]+|\[[\dA-Fa-f:.]+\])(?::\d{1,5})?$/

/** What the raw head of a request says about it. */
export interface RequestHead {
  readonly flaw: RequestFlaw | undefined
  /** Whether a body is announced; none of the hooks has one, and it may never come. */
  readonly announcesBody: boolean
}

/** Looks over a head: exactly one well-formed Host, a target that is a path, an honest framing. */
export function inspectHead({ method, url, rawHeaders }: IncomingMessage): RequestHead {
  const marks = readMarks(rawHeaders)
  const { announcesBody } = marks
  if (marks.hosts !== 1 || marks.badHost) return { flaw: 'host', announcesBody }
  if (marks.badFraming) return { flaw: 'framing', announcesBody }
  if (url?.startsWith('/') !== true) return { flaw: 'target', announcesBody }
  return { flaw: method === 'TRACE' ? 'method' : undefined, announcesBody }
}

interface Marks {
  hosts: number
  badHost: boolean
  badFraming: boolean
  announcesBody: boolean
}

function readMarks(rawHeaders: readonly string[]): Marks {
  const marks = { hosts: 0, badHost: false, badFraming: false, announcesBody: false }
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
      marks.announcesBody ||= value !== '0'
      break
    case 'transfer-encoding':
      marks.announcesBody = true
      marks.badFraming ||= value === ''
  }
}

const interestNames = ['host', 'content-length', 'transfer-encoding'] as const
type Interest = (typeof interestNames)[number]
const byLength: readonly (Interest | undefined)[] = Array.from({ length: 18 }, (_, length) =>
  interestNames.find((name) => name.length === length),
)

/** Most names are done with by their length. */
function interestOf(name: string): Interest | undefined {
  const interest = byLength[name.length]
  return interest !== undefined && name.toLowerCase() === interest ? interest : undefined
}
