// The sideband API as gateway kits speak it:
//
//   POST /v1/environments/{environment}/sideband/request    → 200: the request again and a `state`, without `response`
//   POST /v1/environments/{environment}/sideband/response   → 200: the response again
//
// Kits read any status below 400 as a permit, and break on `null`, on objects instead of lists, and on answers that are
// not JSON; so everything here is JSON, and 200 only where an `allow` was decided. The body is not looked at before the
// credential holds.

import type { Allow, Decision } from '../decision/decision.ts'
import { readQuestionJson, type QuestionJson } from '../decision/question-json.ts'
import type { AskedRequest, Presented } from '../decision/question.ts'
import { publicMessages, reasons } from '../decision/reasons.ts'
import { bodyFlaws, type BodyDoor, type BodyRequest, type Judgement } from './body-door.ts'
import { createMisplacedCredential, missing, presentedBearer } from './carrier.ts'
import { headerLine, noStoreLine, plainJsonLine, type DoorAnswer } from './door-answer.ts'
import { doubled } from './header-reader.ts'
import { createQuestionReader, type DoorSettings } from './http-door.ts'
import { LaterQuestion } from './later-question.ts'
import { lazy } from './lazy.ts'
import { challengeOf, codeOf, retryAfterOf } from './refusal-text.ts'
import { readRequestLeg, readResponseLeg, valuesOf } from './sideband-body.ts'
import type { StateSeal } from './sideband-state.ts'

export interface SidebandParts {
  readonly settings: DoorSettings
  readonly states: StateSeal
}

const place = /^\/v1\/environments\/(?<environment>[^/]+)\/sideband\/(?<leg>request|response)$/

/** What a leg says, once it has been read. */
interface Leg {
  readonly asked: AskedRequest | undefined
  readonly headers: readonly Readonly<Record<string, string>>[]
  /** The answer to what is allowed. */
  readonly permit: (allow: Allow) => string
  readonly encoding: QuestionJson['encoding']
}

/** Makes the sideband door. */
export function createSidebandDoor({ settings, states }: SidebandParts): BodyDoor {
  const reader = createQuestionReader({ ...settings, require: 'gateway' }, [])
  const misplaced = createMisplacedCredential(settings.carrier.headers)

  const readLeg = ({ body, now }: BodyRequest, environment: string, leg: string) => {
    if (!Buffer.isBuffer(body)) return undefined
    const content = readQuestionJson(body)
    if (!content) return undefined
    const read = leg === 'request' ? requestLeg : responseLeg
    return read(content, { states, environment, now, body })
  }
  const gatewayOf = (rawHeaders: readonly string[]) =>
    reader.question(reader.fields(rawHeaders), undefined, undefined).gateway
  const isMisplaced = ({ asked, headers }: Leg) =>
    asked !== undefined &&
    (misplaced.inQuery(asked.target) || valuesOf(headers, 'cookie').some(misplaced.inCookie))

  return {
    name: 'sideband',
    rules: settings,
    serves: (path) => place.test(path),
    // The credentials of clients stand in the body.
    mayAsk: (rawHeaders) => settings.require === 'client' || gatewayOf(rawHeaders).kind === 'token',
    answer(request, judgement) {
      const { environment = '', leg = '' } = place.exec(request.path)?.groups ?? {}
      if (request.method !== 'POST') return wrongMethod(judgement)
      const found = lazy(() => readLeg(request, environment, leg))
      const question = new LaterQuestion(gatewayOf(request.rawHeaders), environment, {
        client: () => (settings.require === 'gateway' ? missing : clientOf(found())),
        request() {
          const read = found()
          return read && isMisplaced(read) ? 'credential-misplaced' : read?.asked
        },
      })
      return answerOf(judgement.judge(question), found, request, judgement)
    },
    failure: refusal(503, 'UNAVAILABLE', publicMessages.unavailable, { id: '' }),
  }
}

function clientOf(leg: Leg | undefined): Presented {
  const [one, ...others] = leg ? valuesOf(leg.headers, 'authorization') : []
  return presentedBearer(others.length > 0 ? doubled : one)
}

function answerOf(
  decision: Decision,
  found: () => Leg | undefined,
  { body }: BodyRequest,
  judgement: Judgement,
): DoorAnswer {
  if (decision.kind !== 'allow' && decision.reason !== 'question-incomplete') {
    return refusalOf(decision, judgement)
  }
  if (!Buffer.isBuffer(body)) {
    const { status, message } = bodyFlaws[body]
    return withRetry(refusal(status, 'REQUEST_FAILED', message, judgement))
  }
  const leg = found()
  if (decision.kind !== 'allow' || !leg?.asked) {
    return refusal(400, 'INVALID_REQUEST', malformed, judgement)
  }
  const answer = json(200, leg.permit(decision), headerLine('X-Warder-Decision-Id', judgement.id))
  return { ...answer, encoding: leg.encoding }
}

interface Surroundings {
  readonly states: StateSeal
  readonly environment: string
  readonly now: number
  /** The bytes that were read. */
  readonly body: Buffer
}

function requestLeg(
  { value, encoding }: QuestionJson,
  { states, environment, now, body }: Surroundings,
): Leg | undefined {
  const read = readRequestLeg(value)
  if (!read) return undefined
  const { asked, url, headers, echo } = read
  const permit = () => {
    const state = states.seal({ ...asked, url }, environment, now)
    const text = echo ? JSON.stringify(echo) : body.toString(encoding)
    return state === undefined ? text : withState(text, state)
  }
  return { asked, headers, permit, encoding }
}

/** Puts a state, which is of letters that need no escape, at the end of an object that has members. */
function withState(text: string, state: string): string {
  return `${text.slice(0, text.lastIndexOf('}'))},"state":"${state}"}`
}

function responseLeg(
  { value, encoding }: QuestionJson,
  { states, environment, now }: Surroundings,
): Leg | undefined {
  const read = readResponseLeg(value)
  if (!read) return undefined
  const { state, request, echo } = read
  const first = request && readRequestLeg(request)
  const sealed = state === undefined ? undefined : states.open(state, environment, now)
  return {
    asked: sealed ?? first?.asked ?? read.asked,
    headers: first?.headers ?? [],
    permit: () => JSON.stringify(echo),
    encoding,
  }
}

const malformed = 'the body is not what this leg needs'

function wrongMethod(judgement: Judgement): DoorAnswer {
  const answer = refusal(405, 'INVALID_REQUEST', 'a question is asked by POST', judgement)
  return { ...answer, lines: answer.lines + headerLine('Allow', 'POST') }
}

function refusalOf(decision: Exclude<Decision, Allow>, judgement: Judgement): DoorAnswer {
  const { status, message } = reasons[decision.reason]
  const answer = refusal(status, codeOf(status), publicMessages[message], judgement)
  if (status !== 401) return withRetry(answer)
  return { ...answer, lines: answer.lines + headerLine('WWW-Authenticate', challengeOf(message)) }
}

/** Says when to come again, where that helps. */
function withRetry(answer: DoorAnswer): DoorAnswer {
  const wait = retryAfterOf(answer.status)
  if (wait === undefined) return answer
  return { ...answer, lines: answer.lines + headerLine('Retry-After', `${wait}`) }
}

/** An error as kits read it. */
function refusal(
  status: number,
  code: string,
  message: string,
  { id }: Pick<Judgement, 'id'>,
): DoorAnswer {
  const body = JSON.stringify({ id, code, message })
  return json(status, body, id === '' ? '' : headerLine('X-Warder-Decision-Id', id))
}

function json(status: number, body: string, more: string): DoorAnswer {
  return { status, lines: plainJsonLine + noStoreLine + more, body }
}
