// What can be asked about is the same at every door: one method, one target in one of the forms that HTTP has, one host,
// one scheme. Nothing is decoded or put right: what is judged is what the application gets.

import type { AskedRequest } from '../decision/question.ts'

const method = /^[\w!#$%&'*+.^`|~-]+$/
/** A path, an asterisk, an absolute URI, or what CONNECT names; nothing that would end it in a request line. */
const target = /^(?:\/|\*$|[a-z][a-z\d+.-]*:\/\/|[^/?#]+:\d+$)[\x21-\x7e\u0080-\uffff]*$/i
const host = /^(?:[\w.~%!$&'()*+;=-]+|\[[\dA-Fa-f:.]+\])(?::\d{1,5})?$/

export const isTarget = (text: string): boolean => target.test(text)

/** Whether a text is one host, with a port or without. */
export const isHost = (text: string): boolean => host.test(text)

/** The request, if it is one that can be asked about. */
export function askedRequest(draft: AskedRequest): AskedRequest | undefined {
  return method.test(draft.method) && isTarget(draft.target) && isHost(draft.host)
    ? draft
    : undefined
}
