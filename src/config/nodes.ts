import type { Kind } from './kinds.ts'

// The schema is a tree. A leaf is one key; a group nests keys; a list holds any number of like groups. A group's
// `main` member may be written in the group's own place: `listen.http: 127.0.0.1:7070` is its `address`.

/** Reads the printed value of another key, by its documented name; a default may follow from it. */
export type Of = (key: string) => string | undefined

/** What some defaults take from outside of the configuration. */
export interface Surroundings {
  readonly processors: number
  readonly opsPort: number
}

/** Makes a default, in the form that the environment would have, from other keys. */
export type Derive = (of: Of, around: Surroundings) => string

/** What a key is worth when nobody sets it. */
export type Fallback =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'derived'; readonly says: string; readonly text: Derive }
  | { readonly kind: 'unset'; readonly says: string }
  | { readonly kind: 'required' }

/** One key. */
export interface Leaf<T> {
  readonly shape: 'leaf'
  readonly kind: Kind<T>
  readonly fallback: Fallback
  readonly doc: string
}

/** Keys by name. */
export interface Members {
  readonly [name: string]: Node
}

/** Keys that nest under one name. */
export interface Group<M extends Members = Members> {
  readonly shape: 'group'
  readonly main: string | undefined
  readonly members: M
}

/** Any number of like groups; only the file can hold one. */
export interface List<M extends Members = Members> {
  readonly shape: 'list'
  readonly item: Group<M>
  readonly doc: string
}

/** Any part of the schema. */
export type Node = Leaf<unknown> | Group | List

/** The type of what a part of the schema reads. */
export type Shape<N> =
  N extends Leaf<infer T>
    ? T
    : N extends List<infer M>
      ? readonly Shape<Group<M>>[]
      : N extends Group<infer M>
        ? { readonly [K in keyof M]: Shape<M[K]> }
        : never

/** A key with a default, which is written as it would be in the environment or follows from other keys. */
export function key<T>(
  kind: Kind<T>,
  fallback: string | { readonly says: string; readonly text: Derive },
  doc: string,
): Leaf<T> {
  const given: Fallback =
    typeof fallback === 'string'
      ? { kind: 'text', text: fallback }
      : { kind: 'derived', ...fallback }
  return { shape: 'leaf', kind, fallback: given, doc }
}

/** A key that may stay unset. */
export function optional<T>(kind: Kind<T>, says: string, doc: string): Leaf<T | undefined> {
  return { shape: 'leaf', kind, fallback: { kind: 'unset', says }, doc }
}

/** A key that every item of a list must have. */
export function required<T>(kind: Kind<T>, doc: string): Leaf<T> {
  return { shape: 'leaf', kind, fallback: { kind: 'required' }, doc }
}

/** Nests keys; `main` names the one that may be written in the group's place. */
export function group<const M extends Members>(members: M, main?: keyof M & string): Group<M> {
  return { shape: 'group', members, main }
}

/** A list of groups. */
export function list<const M extends Members>(doc: string, members: M): List<M> {
  return { shape: 'list', item: group(members), doc }
}

/** One key of the flattened schema, with its names. */
export interface Row {
  /** The name in documents and mistakes: `listen.http`. */
  readonly key: string
  /** The place in the configuration object: `listen.http.address`. */
  readonly path: string
  readonly environment: string
  readonly flag: string
  readonly leaf: Leaf<unknown>
}

function words(name: string): string {
  return name.replaceAll('.', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function row(path: string, name: string, leaf: Leaf<unknown>): Row {
  const hyphened = words(name)
  return {
    key: name,
    path,
    environment: `WARDER_${hyphened.replaceAll('-', '_').toUpperCase()}`,
    flag: `--${hyphened}`,
    leaf,
  }
}

/** Appends a name to a dotted path. */
export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** All keys outside of lists, in the order of the schema. */
export function rowsOf(node: Node, path = '', name = path): readonly Row[] {
  if (node.shape === 'leaf') return [row(path, name, node)]
  if (node.shape === 'list') return []
  return Object.entries(node.members).flatMap(([member, child]) =>
    rowsOf(child, join(path, member), member === node.main ? name : join(name, member)),
  )
}
