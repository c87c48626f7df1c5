import type { Json } from '../store/hash-chain.ts'

/** The members of a JSON object that is sent or kept. */
export type Members = { readonly [member: string]: Json | undefined }

/** What one member of a request got wrong. */
export interface Detail {
  readonly code:
    | 'CONSTRAINT_VIOLATION'
    | 'EMPTY_VALUE'
    | 'INVALID_FILTER'
    | 'INVALID_PARAMETER'
    | 'INVALID_VALUE'
    | 'OUT_OF_RANGE'
    | 'REQUIRED_VALUE'
    | 'SIZE_LIMIT_EXCEEDED'
    | 'UNIQUENESS_VIOLATION'
  readonly target: string
  readonly message: string
  readonly innerError?: Members
}

/** The class of an error, as clients know it. */
type RefusalCode =
  | 'INVALID_DATA'
  | 'INVALID_REQUEST'
  | 'REQUEST_FAILED'
  | 'ACCESS_FAILED'
  | 'NOT_FOUND'
  | 'REQUEST_LIMITED'
  | 'UNEXPECTED_ERROR'

/** A change that verifiers have to apply before a request is answered. */
export interface Wait {
  readonly revision: number
  /** Whose verifiers; `undefined` for all. */
  readonly environmentId: string | undefined
  readonly target: string
}

/** A request that is answered with an error. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly status: number
  readonly code: RefusalCode
  readonly message: string
  readonly details: readonly Detail[]
  readonly headers: Readonly<Record<string, string>>
  /** Further members of the body, for the endpoints whose standard wants them. */
  readonly members: Members
  readonly wait?: Wait | undefined
}

/** A request that is answered as it was asked. */
export interface Answer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What may be said again to who repeats the request. */
  readonly facts: Members | undefined
  /** What is said this once, in the place of `facts`, where it holds a secret. */
  readonly shownOnce: Members | undefined
  readonly wait?: Wait | undefined
}

/** An answer that is no JSON object, as another vendor's clients want it to the letter. */
export interface Plain {
  readonly kind: 'plain'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** `undefined` where there is no body. */
  readonly contentType: string | undefined
  readonly text: string
  readonly wait?: undefined
}

/** What becomes of a request of the management API. */
export type Outcome = Answer | Refusal

/** Answers 200. */
export function found(facts: Members): Answer {
  return { kind: 'answer', status: 200, headers: {}, facts, shownOnce: undefined }
}

/** Answers 201; `shownOnce` is what the first answer has in the place of the facts. */
export function created(facts: Members, shownOnce?: Members): Answer {
  return { kind: 'answer', status: 201, headers: {}, facts, shownOnce }
}

/** Answers 204, once verifiers have applied what there is to apply. */
export function gone(wait?: Wait, headers: Answer['headers'] = {}): Answer {
  return { kind: 'answer', status: 204, headers, facts: undefined, shownOnce: undefined, wait }
}

function refusal(
  status: number,
  code: RefusalCode,
  message: string,
  rest: Partial<Pick<Refusal, 'details' | 'headers' | 'members'>> = {},
): Refusal {
  return { kind: 'refusal', status, code, message, details: [], headers: {}, members: {}, ...rest }
}

const couldNot = 'The request could not be completed.'

/** What stands in the request is not acceptable, and where. */
export function invalidData(...details: readonly Detail[]): Refusal {
  const message = `${couldNot} One or more validation errors were in the request.`
  return refusal(400, 'INVALID_DATA', message, { details })
}

/** The request itself is not well formed. */
export function invalidRequest(problem: string): Refusal {
  return refusal(400, 'INVALID_REQUEST', `${couldNot} ${problem}`)
}

const noAccess = `${couldNot} You do not have access to this resource.`

/** Who asks has not shown who they are. */
export function unauthenticated(): Refusal {
  const headers = { 'www-authenticate': 'Bearer' }
  return refusal(401, 'ACCESS_FAILED', noAccess, { headers })
}

/** Who asks may not do this. */
export function denied(): Refusal {
  return refusal(403, 'ACCESS_FAILED', noAccess)
}

/** There is no such thing, or it is not for whom asks to know of. */
export function notFound(): Refusal {
  return refusal(404, 'NOT_FOUND', 'The requested resource was not found.')
}

/** The path is there, the method is not. */
export function methodNotAllowed(allowed: readonly string[]): Refusal {
  const headers = { allow: allowed.join(', ') }
  return refusal(405, 'INVALID_REQUEST', `${couldNot} The method is not allowed here.`, { headers })
}

/** Another request has used this idempotency key. */
export function keyReused(): Refusal {
  const problem = 'The idempotency key was used for another request.'
  return refusal(409, 'REQUEST_FAILED', `${couldNot} ${problem}`)
}

/** The body is too large. */
export function tooLarge(): Refusal {
  return refusal(413, 'REQUEST_FAILED', `${couldNot} The body is too large.`)
}

/** The body is of a type that is not read here. */
export function unsupportedType(): Refusal {
  return refusal(415, 'INVALID_REQUEST', `${couldNot} The content type is not supported.`)
}

/** The head of the request is too large, or the request came too slowly. */
export function unreadable(status: 400 | 408 | 431): Refusal {
  return refusal(status, 'INVALID_REQUEST', `${couldNot} It could not be read.`)
}

/** Too many requests; to be repeated after so many seconds. */
export function limited(seconds: number): Refusal {
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(seconds))) }
  return refusal(429, 'REQUEST_LIMITED', `${couldNot} Too many requests.`, { headers })
}

/** The database cannot be used; nothing has changed. */
export function unavailable(): Refusal {
  const headers = { 'retry-after': '1' }
  return refusal(503, 'REQUEST_FAILED', `${couldNot} Nothing was changed.`, { headers })
}

/**
 * The database went away in the middle of a commit. Clients repeat whatever is answered 503, told to or not: of what
 * would then be done twice they are told 409, which they show to somebody.
 */
export function undecided(status: 409 | 503): Refusal {
  const problem = 'It cannot be told yet whether it was: look before you repeat it.'
  return refusal(status, 'REQUEST_FAILED', `${couldNot} ${problem}`)
}

/** A mistake of this program, never told of what may be permanent: clients repeat it. */
export function unexpected(): Refusal {
  return refusal(500, 'UNEXPECTED_ERROR', 'An unexpected error occurred.')
}

/** An error of an OAuth endpoint: its standard's two members beside ours. */
export function oauthRefusal(
  status: number,
  error: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  const code = status === 401 ? 'ACCESS_FAILED' : 'INVALID_REQUEST'
  const members = { error, error_description: description }
  return refusal(status, code, `${couldNot} ${description}`, { headers, members })
}
