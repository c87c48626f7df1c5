import type { DoorRules } from '../decision/decide.ts'
import type { Decision } from '../decision/decision.ts'
import type { AskedRequest, DoorName, Question } from '../decision/question.ts'
import {
  createMisplacedCredential,
  misplaced,
  missing,
  presentedBearer,
  presentedBearerAlone,
  presentedBound,
  presentedToken,
  type Carrier,
} from './carrier.ts'
import type { DoorAnswer } from './door-answer.ts'
import { createHeaderReader, type Field } from './header-reader.ts'

/** How a door is set. */
export interface DoorSettings extends DoorRules {
  readonly carrier: Carrier
  /** The credential of the one gateway that the door stands for; `undefined` while there is none to present. */
  readonly bound?: () => string | undefined
}

/** What a request says before its body. */
export interface HttpHead {
  readonly method: string
  /** As it stands in the request line. */
  readonly url: string
  /** Name, value, name, value … */
  readonly rawHeaders: readonly string[]
}

/** A door that is asked by the head of an HTTP request. */
export interface HttpDoor {
  readonly name: DoorName
  readonly rules: DoorRules
  readonly read: (head: HttpHead) => Question
  readonly answer: (decision: Decision, decisionId: string) => DoorAnswer
}

/** Makes questions of headers. */
export interface QuestionReader {
  /** The fields of the names that the reader was made with, in their order; more may follow. */
  readonly fields: (rawHeaders: readonly string[]) => readonly Field[]
  /** Adds who asks to what is asked about; `target` is the original one, where it is known. */
  readonly question: (
    fields: readonly Field[],
    target: string | undefined,
    request: AskedRequest | undefined,
  ) => Question
}

/** Makes the part of reading that is the same at every door with headers: the credentials. */
export function createQuestionReader(
  { carrier, require, bound }: DoorSettings,
  names: readonly string[],
): QuestionReader {
  if (require === 'both' && carrier.kind === 'bearer') {
    throw new TypeError('a door cannot take both credentials from one header')
  }
  const [token, authorization, cookies] = [names.length, names.length + 1, names.length + 2]
  const misplacedCredential = createMisplacedCredential(carrier.headers)
  const isMisplaced = (fields: readonly Field[], target: string | undefined) => {
    const cookie = fields[cookies]
    return (
      (target !== undefined && misplacedCredential.inQuery(target)) ||
      (typeof cookie === 'string' && misplacedCredential.inCookie(cookie))
    )
  }
  const inQuestion = (fields: readonly Field[]) =>
    carrier.kind === 'client-token'
      ? presentedToken(fields[token])
      : presentedBearerAlone(fields[authorization], fields[token])
  const presented = bound
    ? (fields: readonly Field[]) => presentedBound(inQuestion(fields), bound())
    : inQuestion

  return {
    fields: createHeaderReader([
      ...names.map((name) => ({ names: [name] })),
      { names: carrier.headers },
      { names: ['authorization'] },
      { names: ['cookie'], many: true },
    ]),
    question: (fields, target, request) => ({
      gateway: isMisplaced(fields, target) ? misplaced : presented(fields),
      client: require === 'gateway' ? missing : presentedBearer(fields[authorization]),
      request,
    }),
  }
}
