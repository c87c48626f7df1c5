import type { Static, TObject } from 'typebox'
import type { Json } from '../store/hash-chain.ts'
import type { Caller } from './access.ts'
import { createChecker, type Checked } from './check.ts'
import type { Operation } from './operation.ts'
import { invalidData, type Outcome, type Plain, type Refusal } from './outcome.ts'

/** A request as it came, once it is known who asks, and that they may. */
export interface RawCall {
  /** Nobody, where everybody may ask. */
  readonly caller: Caller | undefined
  /** Every `Authorization` that was sent. */
  readonly authorization: readonly string[]
  /** The address that it came from. */
  readonly source: string
  readonly parameters: ReadonlyMap<string, string>
  readonly query: unknown
  /** What the body said, `undefined` where there was none. */
  readonly body: Readonly<Record<string, Json>> | undefined
  readonly idempotencyKey: string | undefined
  readonly path: string
}

/** A request that an operation can work with. */
export interface Call<Q = unknown, B = unknown> {
  readonly caller: Caller
  /** A parameter of the path. */
  readonly id: (name: string) => string
  readonly query: Q
  readonly body: B
  readonly once: Once | undefined
}

/** What makes a repeated request the same one. */
export interface Once {
  readonly path: string
  readonly key: string
  readonly body: Readonly<Record<string, Json>>
}

/** An operation together with what it does. */
export interface Route {
  readonly operation: Operation
  readonly run: (raw: RawCall) => Promise<Outcome | Plain>
}

/** Joins an operation with what it does. */
export function bind<Q extends TObject, B extends TObject>(
  operation: Operation<Q, B>,
  handle: (call: Call<Static<Q>, Static<B>>) => Promise<Outcome>,
): Route {
  const checkQuery = createChecker(operation.query)
  const checkBody = createChecker(operation.body)
  return {
    operation,
    async run({ caller, parameters, query, body = {}, idempotencyKey, path }) {
      if (!caller) throw new TypeError('an operation that needs a caller was run without one')
      const asked = parameterRefusal(checkQuery(typedQuery(query, operation.query)))
      if (asked.kind === 'refusal') return asked
      const said = checkBody(body)
      if (said.kind === 'refusal') return said
      const key = idempotencyKey
      return handle({
        caller,
        id: (name) => parameterOf(parameters, name),
        query: asked.value,
        body: said.value,
        once: key === undefined ? undefined : { path, key, body },
      })
    },
  }
}

/** Joins an operation that everybody may call with what it does. */
export function bindOpen(
  operation: Operation,
  handle: (raw: RawCall) => Promise<Outcome | Plain>,
): Route {
  if (operation.access.kind !== 'public') throw new TypeError('the operation is not for everybody')
  return { operation, run: handle }
}

function parameterOf(parameters: ReadonlyMap<string, string>, name: string): string {
  const value = parameters.get(name)
  if (value === undefined) throw new TypeError(`the path has no parameter ${name}`)
  return value
}

/** What is wrong in a query is a parameter, whatever is wrong with it. */
function parameterRefusal<T>(checked: Checked<T>): { kind: 'fits'; value: T } | Refusal {
  if (checked.kind === 'fits') return checked
  return invalidData(
    ...checked.details.map((detail) => ({ ...detail, code: 'INVALID_PARAMETER' as const })),
  )
}

/** A query holds texts only; where the schema wants a whole number, one that is written as such is taken for it. */
function typedQuery(query: unknown, schema: TObject): Record<string, unknown> {
  const typed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(query ?? {})) {
    const property: unknown = Object.hasOwn(schema.properties, name)
      ? schema.properties[name]
      : undefined
    typed[name] = isInteger(property) && isDigits(value) ? Number(value) : value
  }
  return typed
}

function isInteger(property: unknown): boolean {
  return typeof property === 'object' && property !== null && 'type' in property
    ? property.type === 'integer'
    : false
}

function isDigits(value: unknown): boolean {
  return typeof value === 'string' && /^\d{1,15}$/.test(value)
}
