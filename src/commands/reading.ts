import { CommandFailed } from './failed.ts'

/** A JSON object as it was answered. */
export type Tree = Readonly<Record<string, unknown>>

/** Whether a value is a JSON object. */
function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads JSON text that has to be an object. */
export function readTree(text: string): Tree | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isTree(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** A member that is an object; an empty one where there is none. */
export function treeOf(tree: Tree, name: string): Tree {
  const value = tree[name]
  return isTree(value) ? value : {}
}

/** A member that is a list of objects. */
export function treesOf(tree: Tree, name: string): readonly Tree[] {
  const value = tree[name]
  return Array.isArray(value) ? value.filter(isTree) : []
}

/** A member that has to be a text. */
export function textOf(tree: Tree, name: string): string {
  const value = tree[name]
  if (typeof value === 'string') return value
  throw new CommandFailed(`the answer of the authority has no ${name}: is it of another version?`)
}

/** A member as people read it: nothing where there is none. */
export function cellOf(tree: Tree, name: string): string {
  const value = tree[name]
  if (value === undefined || value === null) return '–'
  if (Array.isArray(value)) return value.map(String).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** An object without its links, which only programs follow. */
export function withoutLinks(tree: Tree): Tree {
  const { _links: _, ...rest } = tree
  return rest
}
