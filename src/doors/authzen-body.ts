// The questions of AuthZEN 1.0: who (subject) may do what (action) to which thing (resource).

import { isObject, type QuestionObject, type QuestionValue } from '../decision/question-json.ts'
import type { AskedRequest } from '../decision/question.ts'
import { isHost, isTarget } from './asked.ts'

/** When the evaluations of a batch come to an end. */
export type Semantic = 'execute_all' | 'deny_on_first_deny' | 'permit_on_first_permit'

/** What a body asks; an evaluation that is `undefined` lacks something. */
export type Evaluations =
  | { readonly kind: 'single'; readonly evaluation: AskedRequest }
  | {
      readonly kind: 'batch'
      readonly semantic: Semantic
      readonly evaluations: readonly (AskedRequest | undefined)[]
    }

const entities = ['subject', 'action', 'resource', 'context'] as const

/** Reads the body of a single evaluation; `undefined` where it is none. */
export function readEvaluation(body: QuestionObject): Evaluations | undefined {
  const evaluation = evaluationOf(body)
  return evaluation && { kind: 'single', evaluation }
}

/** Reads the body of several evaluations, which is a single one where it lists none. */
export function readEvaluations(body: QuestionObject, most: number): Evaluations | undefined {
  const { evaluations = [], options = {} } = body
  if (!Array.isArray(evaluations) || evaluations.length > most) return undefined
  const list: readonly QuestionValue[] = evaluations
  if (list.length === 0) return readEvaluation(body)
  const semantic = isObject(options) ? semanticOf(options['evaluations_semantic']) : undefined
  const sound = entities.every((name) => body[name] === undefined || isObject(body[name]))
  if (!semantic || !sound) return undefined
  return { kind: 'batch', semantic, evaluations: list.map((item) => itemOf(item, body)) }
}

const semantics: readonly Semantic[] = [
  'execute_all',
  'deny_on_first_deny',
  'permit_on_first_permit',
]

function semanticOf(value: QuestionValue | undefined): Semantic | undefined {
  return value === undefined ? 'execute_all' : semantics.find((name) => name === value)
}

/** What an item names replaces the default as a whole: nothing is merged inside. */
function itemOf(item: QuestionValue, defaults: QuestionObject): AskedRequest | undefined {
  return isObject(item) ? evaluationOf({ ...defaults, ...item }) : undefined
}

function evaluationOf(from: QuestionObject): AskedRequest | undefined {
  const { subject, action, resource, context } = from
  if (!isEntity(subject, 'type', 'id')) return undefined
  if (!isEntity(action, 'name') || !isEntity(resource, 'type', 'id')) return undefined
  if (context !== undefined && !isObject(context)) return undefined
  return requestOf(action, resource)
}

function requestOf(action: QuestionObject, resource: QuestionObject): AskedRequest | undefined {
  const { properties = {} } = resource
  const { path, uri, hostname, schema } = isObject(properties) ? properties : {}
  const place = path ?? uri
  // Where they are given they mean what they mean at every door.
  if (typeof place === 'string' && !isTarget(place)) return undefined
  if (typeof hostname === 'string' && !isHost(hostname)) return undefined
  return {
    method: textOf(action['name']),
    // A gateway that has no template for its routes sends where the request goes.
    target: textOf(place ?? resource['id']),
    host: textOf(hostname),
    scheme: textOf(schema),
    address: undefined,
  }
}

/** Whether a value is an object with these members as texts, and `properties`, if any, an object. */
function isEntity(
  value: QuestionValue | undefined,
  ...texts: readonly string[]
): value is QuestionObject {
  if (!isObject(value)) return false
  const { properties } = value
  const sound = properties === undefined || isObject(properties)
  return sound && texts.every((name) => typeof value[name] === 'string')
}

const textOf = (value: QuestionValue | undefined) => (typeof value === 'string' ? value : '')
