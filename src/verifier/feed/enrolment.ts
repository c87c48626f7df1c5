import { parseJsonObject } from '../../credential/strict-json.ts'

/** What makes a verifier one of an authority's. */
export interface Enrolment {
  /** The authority's URL. */
  readonly authority: string
  readonly id: string
  readonly secret: string
  /** The thumbprint of the first feed key: all trust in the feed begins with it. */
  readonly feedKey: string
}

const prefix = 'wv1.'

/** Reads what `warder verifier enrol` printed; `undefined` when it is not that. */
export function readEnrolment(text: string): Enrolment | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) return undefined
  const members = parseJsonObject(Buffer.from(trimmed.slice(prefix.length), 'base64url'))
  if (!members) return undefined
  const { authority, id, secret, feedKey } = members
  const whole =
    typeof authority === 'string' &&
    typeof id === 'string' &&
    typeof secret === 'string' &&
    typeof feedKey === 'string'
  return whole && URL.canParse(authority) ? { authority, id, secret, feedKey } : undefined
}
