import type { IncomingHttpHeaders } from 'node:http'
import { isHost } from '../doors/asked.ts'

/** What is wrong with a request before it is anybody's question, and what Node's parser lets through. */
export type RequestFlaw = 'version' | 'host' | 'target' | 'framing' | 'method'

/** What the raw headers of a request say about the request itself. */
export interface RequestHead {
  /** No Host, more than one, or one that is none; or a framing that others could read otherwise. */
  readonly flaw: 'host' | 'framing' | undefined
  /**
   * Whether what follows on the connection may not be a request: a body is announced, which may never come, or an
   * upgrade.
   */
  readonly isLast: boolean
  /** The headers that Node itself acts on. */
  readonly forNode: IncomingHttpHeaders
}

/** Any other coding would leave open where the body ends. */
const chunked = /^chunked$/i

/** Looks over raw headers: exactly one well-formed Host, and an honest framing. */
export function readHead(rawHeaders: readonly string[]): RequestHead {
  let hosts = 0
  let others: Others | undefined
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const interest = interestOf(rawHeaders[at] ?? '')
    if (interest === undefined) continue
    const value = rawHeaders[at + 1] ?? ''
    if (interest !== 'host') addTo((others ??= {}), interest, value)
    // A Host that is none counts for two, so that exactly one good one is left to pass.
    else hosts += isHost(value) ? 1 : 2
  }
  const flaw = hosts === 1 ? undefined : 'host'
  return others ? headOf(others, flaw) : { ...plainHead, flaw }
}

/** Two lines of one header are joined, which makes of any of these what is neither a length nor a coding. */
function addTo(others: Others, interest: Interest, value: string): void {
  const before = others[interest]
  others[interest] = before === undefined ? value : `${before}, ${value}`
}

function headOf(forNode: Others, flaw: 'host' | undefined): RequestHead {
  const { 'transfer-encoding': coding, 'content-length': length = '0', upgrade } = forNode
  const isFramed = coding === undefined || chunked.test(coding)
  return {
    flaw: flaw ?? (isFramed ? undefined : 'framing'),
    isLast: coding !== undefined || length !== '0' || upgrade !== undefined,
    forNode,
  }
}

const plainHead: RequestHead = Object.freeze({
  flaw: undefined,
  isLast: false,
  forNode: Object.freeze({}),
})

const interestNames = [
  'te',
  'host',
  'expect',
  'upgrade',
  'content-length',
  'transfer-encoding',
] as const
type Interest = (typeof interestNames)[number]
type Others = Partial<Record<Interest, string>>
const byLength: readonly (Interest | undefined)[] = Array.from({ length: 18 }, (_, length) =>
  interestNames.find((name) => name.length === length),
)

/** Most names are done with by their length and their first letter. */
function interestOf(name: string): Interest | undefined {
  const interest = byLength[name.length]
  if (interest === undefined || lowerCode(name) !== lowerCode(interest)) return undefined
  return name.toLowerCase() === interest ? interest : undefined
}

const lowerCode = (name: string) => name.charCodeAt(0) | 0x20
