// OpenID AuthZEN Authorization API 1.0: evaluation, evaluations and discovery. The credential of the gateway, or of
// whatever plugin or application asks, is the authentication of the caller: without it no decision is given, and what
// cannot be told is an error, never `false`.

import type { Decision } from '../decision/decision.ts'
import { readQuestionJson } from '../decision/question-json.ts'
import type { AskedRequest } from '../decision/question.ts'
import { publicMessages, reasons } from '../decision/reasons.ts'
import { readEvaluation, readEvaluations, type Evaluations, type Semantic } from './authzen-body.ts'
import { bodyFlaws, type BodyDoor, type BodyRequest, type Judgement } from './body-door.ts'
import { createMisplacedCredential } from './carrier.ts'
import { headerLine, noStoreLine, plainJsonLine, type DoorAnswer } from './door-answer.ts'
import { createHeaderReader } from './header-reader.ts'
import { createQuestionReader, type DoorSettings } from './http-door.ts'
import { LaterQuestion } from './later-question.ts'
import { lazy } from './lazy.ts'
import { challengeOf, retryAfterOf } from './refusal-text.ts'

export interface AuthzenParts {
  readonly settings: DoorSettings
  /** The URL by which this decision point is known. */
  readonly identifier: string
  /** How many evaluations one body may ask for. */
  readonly batch: number
}

type Page = (request: BodyRequest, judgement: Judgement) => DoorAnswer

/** Makes the AuthZEN door. */
export function createAuthzenDoor({ settings, identifier, batch }: AuthzenParts): BodyDoor {
  const { pathname } = new URL(identifier)
  const base = pathname === '/' ? '' : pathname
  const metadata = createMetadataPage(identifier)
  const evaluation = createEvaluationPage(settings, readEvaluation)
  const evaluations = createEvaluationPage(settings, (body) => readEvaluations(body, batch))
  const pages = new Map<string, Page>([
    ['/.well-known/authzen-configuration', metadata],
    [`/.well-known/authzen-configuration${base}`, metadata],
  ])
  for (const prefix of new Set(['', base])) {
    pages.set(`${prefix}/access/v1/evaluation`, evaluation)
    pages.set(`${prefix}/access/v1/evaluations`, evaluations)
  }
  const asking = createQuestionReader(settings, [])
  const requestId = createHeaderReader([{ names: ['x-request-id'] }])

  return {
    name: 'authzen',
    rules: settings,
    serves: (path) => pages.has(path),
    mayAsk(rawHeaders) {
      const { gateway, client } = asking.question(asking.fields(rawHeaders), undefined, undefined)
      const needed = { gateway: [gateway], client: [client], both: [gateway, client] }
      return needed[settings.require].every(({ kind }) => kind === 'token')
    },
    answer(request, judgement) {
      const answer = pages.get(request.path)?.(request, judgement) ?? failure
      const [given] = requestId(request.rawHeaders)
      const echoed = typeof given === 'string' && requestIdForm.test(given)
      const decided = withHeader(answer, 'X-Warder-Decision-Id', judgement.id)
      return echoed ? withHeader(decided, 'X-Request-ID', given) : decided
    },
    failure,
  }
}

const requestIdForm = /^[\x21-\x7e](?:[\x20-\x7e]{0,254}[\x21-\x7e])?$/

function createMetadataPage(identifier: string): Page {
  const content = JSON.stringify({
    policy_decision_point: identifier,
    access_evaluation_endpoint: `${identifier}/access/v1/evaluation`,
    access_evaluations_endpoint: `${identifier}/access/v1/evaluations`,
  })
  const lines = plainJsonLine + headerLine('Cache-Control', 'max-age=300')
  return ({ method }) =>
    method === 'GET' || method === 'HEAD'
      ? { status: 200, lines, body: content }
      : withHeader(error(405, 'this page can only be read'), 'Allow', 'GET, HEAD')
}

type ReadBody = (
  body: NonNullable<ReturnType<typeof readQuestionJson>>['value'],
) => Evaluations | undefined

function createEvaluationPage(settings: DoorSettings, readBody: ReadBody): Page {
  const reader = createQuestionReader(settings, ['content-type'])
  const misplaced = createMisplacedCredential(settings.carrier.headers)
  return (request, judgement) => {
    if (request.method !== 'POST') {
      return withHeader(error(405, 'a question is asked by POST'), 'Allow', 'POST')
    }
    const fields = reader.fields(request.rawHeaders)
    const [type] = fields
    const read = lazy(() => (isJson(type) ? evaluationsOf(request.body, readBody) : undefined))
    const { gateway, client } = reader.question(fields, undefined, undefined)
    const judge = (ask: () => AskedRequest | undefined) =>
      judgement.judge(
        new LaterQuestion(gateway, undefined, {
          client: () => client,
          request() {
            const asked = ask()
            return asked && misplaced.inQuery(asked.target) ? 'credential-misplaced' : asked
          },
        }),
      )
    const first = judge(() => firstOf(read()))
    const isCaller = first.kind === 'allow' || first.reason === 'question-incomplete'
    if (!isCaller) return refusalOf(first)
    if (!Buffer.isBuffer(request.body)) {
      const { status, message } = bodyFlaws[request.body]
      return withRetry(error(status, message))
    }
    const evaluations = read()
    if (!evaluations) return error(400, 'the body is not what this endpoint needs')
    return answerOf(evaluations, first, judge)
  }
}

const isJson = (type: unknown) =>
  typeof type === 'string' && /^application\/json\s*(?:;|$)/i.test(type)

function evaluationsOf(body: BodyRequest['body'], readBody: ReadBody): Evaluations | undefined {
  const json = Buffer.isBuffer(body) ? readQuestionJson(body) : undefined
  return json?.encoding === 'utf8' ? readBody(json.value) : undefined
}

function firstOf(asked: Evaluations | undefined): AskedRequest | undefined {
  return asked?.kind === 'batch' ? asked.evaluations[0] : asked?.evaluation
}

type JudgeOne = (ask: () => AskedRequest | undefined) => Decision

function answerOf(asked: Evaluations, first: Decision, judge: JudgeOne): DoorAnswer {
  if (asked.kind === 'single') return first.kind === 'allow' ? result({ decision: true }) : failure
  const results: object[] = []
  for (const [at, evaluation] of asked.evaluations.entries()) {
    const decision = at === 0 ? first : judge(() => evaluation)
    results.push(resultOf(decision))
    if (endsWith(asked.semantic, decision)) break
  }
  return result({ evaluations: results })
}

/** An item that cannot be judged counts as a deny. */
function endsWith(semantic: Semantic, { kind }: Decision): boolean {
  switch (semantic) {
    case 'execute_all':
      return false
    case 'deny_on_first_deny':
      return kind !== 'allow'
    case 'permit_on_first_permit':
      return kind === 'allow'
  }
}

function resultOf(decision: Decision): object {
  if (decision.kind === 'allow') return { decision: true }
  const { status, message } = reasons[decision.reason]
  return { decision: false, context: { error: { status, message: publicMessages[message] } } }
}

function result(content: object): DoorAnswer {
  return {
    status: 200,
    lines: plainJsonLine + noStoreLine,
    body: JSON.stringify(content),
  }
}

function refusalOf(decision: Decision): DoorAnswer {
  const { status, message } = reasons[decision.reason]
  const answer = error(status, publicMessages[message])
  const challenged =
    status === 401 ? withHeader(answer, 'WWW-Authenticate', challengeOf(message)) : answer
  return withRetry(challenged)
}

/** Says when to come again, where that helps. */
function withRetry(answer: DoorAnswer): DoorAnswer {
  const wait = retryAfterOf(answer.status)
  return wait === undefined ? answer : withHeader(answer, 'Retry-After', `${wait}`)
}

/** An error is one line of text that repeats nothing. */
function error(status: number, message: string): DoorAnswer {
  const lines = headerLine('Content-Type', 'text/plain; charset=utf-8') + noStoreLine
  return { status, lines, body: message }
}

function withHeader(answer: DoorAnswer, name: string, value: string): DoorAnswer {
  return { ...answer, lines: answer.lines + headerLine(name, value) }
}

const failure = error(503, publicMessages.unavailable)
