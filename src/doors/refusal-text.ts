// What every door says of a refusal, in whatever form: the same few texts, by status and public message alone.

import { publicMessages, reasons, type PublicMessage, type Reason } from '../decision/reasons.ts'

/** Whether a text is the name of a reason. */
export const isReason = (text: string): text is Reason => Object.hasOwn(reasons, text)

/** The `WWW-Authenticate` of a 401. */
export function challengeOf(message: PublicMessage): string {
  return message === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"'
}

/** For how many seconds one should wait, where waiting helps. */
export function retryAfterOf(status: number): number | undefined {
  return status === 503 || status === 429 ? 1 : undefined
}

/** The body of a refusal: one line of JSON. */
export function refusalBody(status: number, message: PublicMessage): string {
  return JSON.stringify({ code: codeOf(status), message: publicMessages[message] })
}

const codes: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_REQUEST'],
  [429, 'REQUEST_LIMITED'],
  [503, 'UNAVAILABLE'],
])

/** The code of an error by its status. */
export function codeOf(status: number): string {
  return codes.get(status) ?? 'ACCESS_FAILED'
}
