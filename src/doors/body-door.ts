import type { DoorRules } from '../decision/decide.ts'
import type { Decision } from '../decision/decision.ts'
import type { DoorName, Question } from '../decision/question.ts'
import type { DoorAnswer } from './door-answer.ts'

/** Why there is no body to read. */
export type BodyFlaw = 'too-large' | 'too-slow' | 'no-room'

/** A request that has arrived to its end. */
export interface BodyRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly rawHeaders: readonly string[]
  readonly body: Buffer | BodyFlaw
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Judges questions of one request, all by the same standing. */
export interface Judgement {
  readonly id: string
  readonly judge: (question: Question) => Decision
}

/** A door whose question is in the body of an HTTP request. */
export interface BodyDoor {
  readonly name: DoorName
  readonly rules: DoorRules
  readonly serves: (path: string) => boolean
  /** Whether the headers of a request show what may be a credential, if it must be there; else no body is looked at. */
  readonly mayAsk: (rawHeaders: readonly string[]) => boolean
  readonly answer: (request: BodyRequest, judgement: Judgement) => DoorAnswer
  /** The answer where that threw. */
  readonly failure: DoorAnswer
}

/** The status and the words for a body that is not there; `retryAfterOf` says of the status whether to come again. */
export const bodyFlaws: Readonly<Record<BodyFlaw, { status: number; message: string }>> = {
  'too-large': { status: 413, message: 'the body is too large' },
  'too-slow': { status: 408, message: 'the body did not arrive in time' },
  'no-room': { status: 503, message: 'too many bodies have not arrived to their end' },
}
