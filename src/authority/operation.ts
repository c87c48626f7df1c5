import { Type, type TObject, type TSchema } from 'typebox'
import { nothing } from './schemas.ts'

/** What an administrator may do. */
export type Role = 'organization-admin' | 'environment-admin' | 'api-credentials-editor' | 'viewer'

/** Who may call an operation; the tenant is the one that the path names. */
export type Access =
  | { readonly kind: 'public' }
  /** Every administrator, each of whom sees what is theirs. */
  | { readonly kind: 'administrator'; readonly role: Role }
  | {
      readonly kind: 'organization'
      readonly role: Role
      /** Whether administrators of a single environment may call it too, and see what is of that environment. */
      readonly bounded: boolean
    }
  | { readonly kind: 'environment'; readonly role: Role }

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One operation of the API: everything about it but what it does. */
export interface Operation<Q extends TObject = TObject, B extends TObject = TObject> {
  readonly method: Method
  /** As OpenAPI writes it: `/v1/organizations/{organizationId}`. */
  readonly path: string
  readonly summary: string
  readonly access: Access
  readonly query: Q
  readonly body: B
  /** What bodies are read; errors of those that clients of OAuth send have the members of OAuth. */
  readonly accepts: 'nothing' | 'json' | 'form' | 'form-or-json'
  readonly status: 200 | 201 | 204
  readonly answer: TSchema | undefined
}

type Nothing = typeof nothing

/** An operation that reads. */
export function reads<Q extends TObject = Nothing>(
  path: string,
  summary: string,
  access: Access,
  rest: { readonly answer: TSchema; readonly query: Q },
): Operation<Q, Nothing> {
  const fixed = { method: 'GET', body: nothing, accepts: 'nothing', status: 200 } as const
  return { ...fixed, path, summary, access, ...rest }
}

/** An operation that makes something. */
export function creates<B extends TObject>(
  path: string,
  summary: string,
  access: Access,
  rest: { readonly body: B; readonly answer: TSchema },
): Operation<Nothing, B> {
  const fixed = { method: 'POST', query: nothing, accepts: 'json', status: 201 } as const
  return { ...fixed, path, summary, access, ...rest }
}

/** An operation that replaces what can be changed of something. */
export function replaces<B extends TObject>(
  path: string,
  summary: string,
  access: Access,
  rest: { readonly body: B; readonly answer: TSchema },
): Operation<Nothing, B> {
  const fixed = { method: 'PUT', query: nothing, accepts: 'json', status: 200 } as const
  return { ...fixed, path, summary, access, ...rest }
}

/** An operation that changes what is given of something, and nothing else. */
export function changes<B extends TObject>(
  path: string,
  summary: string,
  access: Access,
  rest: { readonly body: B; readonly answer: TSchema },
): Operation<Nothing, B> {
  return { ...replaces(path, summary, access, rest), method: 'PATCH' }
}

/** An operation that does something to what is there, and shows it. */
export function acts<B extends TObject>(
  path: string,
  summary: string,
  access: Access,
  rest: { readonly body: B; readonly answer: TSchema },
): Operation<Nothing, B> {
  return { ...creates(path, summary, access, rest), status: 200 }
}

/** An operation that ends something. */
export function deletes(
  path: string,
  summary: string,
  access: Access,
): Operation<Nothing, Nothing> {
  const fixed = { method: 'DELETE', query: nothing, body: nothing, accepts: 'nothing' } as const
  return { ...fixed, path, summary, access, status: 204, answer: undefined }
}

/** The names of the parameters in a path. */
export function parametersOf(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

const kidPattern = '^[A-Za-z0-9_-]{1,128}$'
const uuidPattern = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
const kid = new RegExp(kidPattern)
const uuid = new RegExp(uuidPattern)

/** The schema of a path parameter. */
export function parameterSchema(name: string): TSchema {
  return name === 'kid'
    ? Type.String({ pattern: kidPattern })
    : Type.String({ format: 'uuid', pattern: uuidPattern })
}

/** Whether a path parameter fits its schema. */
export function isWellFormed(name: string, value: string | undefined): boolean {
  return value !== undefined && (name === 'kid' ? kid : uuid).test(value)
}

/** A path as it may be written down: people paste secrets where an id should be, and those are left out. */
export function knownPath(path: string, parameters: ReadonlyMap<string, string>): string {
  return path.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = parameters.get(name) ?? ''
    return uuid.test(value) ? value : placeholder
  })
}
