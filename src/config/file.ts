import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Raw } from './kinds.ts'
import type { Given, Mistake } from './mistake.ts'
import { nearest } from './nearest.ts'
import { join, rowsOf, type Group, type List, type Node } from './nodes.ts'
import { schema } from './schema.ts'
import { quote } from './secret.ts'

/** What a file says: values by path, how many items each list has and where they stand, and what is wrong. */
export interface FileReading {
  readonly given: readonly Given<Raw>[]
  readonly items: ReadonlyMap<string, readonly string[]>
  readonly mistakes: readonly Mistake[]
  /** Whether it could be read as YAML at all; if not, nothing may be concluded from what it lacks. */
  readonly legible: boolean
}

/** A node of the file, aliases followed, and where it stands. */
interface Spot {
  readonly node: unknown
  readonly where: string
  readonly path: string
}

interface Walk {
  readonly spot: (node: unknown, path: string, near?: unknown) => Spot
  readonly given: Given<Raw>[]
  readonly items: Map<string, readonly string[]>
  readonly mistakes: Mistake[]
}

const noAnchor = 'an alias names no anchor'

// The parser's own messages quote the text around a mistake, which may be a secret.
const yamlProblems: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'a key stands here for the second time',
  BAD_INDENT: 'the indentation is wrong',
  TAB_AS_INDENT: 'a tab indents',
  MISSING_CHAR: 'a character is missing, such as a closing quote or bracket or a colon',
  MULTIPLE_DOCS: 'a second document begins',
  NON_STRING_KEY: 'a key is no text',
  BAD_ALIAS: noAnchor,
  MULTILINE_IMPLICIT_KEY: 'a colon is missing, or a text that needs quotes goes on over lines',
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

/** Reads a configuration file against the schema. */
export function readYaml(name: string, text: string): FileReading {
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true })
  const at = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const spot = (node: unknown, path: string, near?: unknown) => ({
    node: isAlias(node) ? node.resolve(document) : node,
    where: at(offsetOf(node) ?? offsetOf(near) ?? 0),
    path,
  })
  const walk: Walk = { spot, given: [], items: new Map(), mistakes: [] }
  for (const { code, pos } of [...document.errors, ...document.warnings]) {
    const problem = yamlProblems[code] ?? `this is not YAML (${code})`
    walk.mistakes.push({ where: at(pos[0]), problem, fix: 'correct the line' })
  }
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return
      const where = at(offsetOf(alias) ?? 0)
      walk.mistakes.push({ where, problem: noAnchor, fix: 'correct the line' })
    },
  })
  const legible = walk.mistakes.length === 0
  if (legible) readGroup(walk, spot(document.contents, ''), schema)
  return { ...walk, legible }
}

function readNode(walk: Walk, spot: Spot, node: Node): void {
  if (node.shape === 'group') readGroup(walk, spot, node)
  else if (node.shape === 'list') readList(walk, spot, node)
  else readLeaf(walk, spot)
}

function isEmpty(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null)
}

function readGroup(walk: Walk, spot: Spot, group: Group): void {
  const { node, path } = spot
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ''
      const member = Object.hasOwn(group.members, name) ? group.members[name] : undefined
      const there = join(path, name)
      if (member === undefined) walk.mistakes.push(unknown(walk.spot(key, there), name, group))
      else readNode(walk, walk.spot(value, there, key), member)
    }
  } else if (group.main !== undefined && !isSeq(node)) {
    readLeaf(walk, { ...spot, path: join(path, group.main) })
  } else if (!isEmpty(node)) {
    walk.mistakes.push(misshapen(spot, 'keys'))
  }
}

function readList(walk: Walk, spot: Spot, list: List): void {
  const { node, path } = spot
  if (!isSeq(node)) {
    if (!isEmpty(node)) walk.mistakes.push(misshapen(spot, 'a list'))
    return
  }
  const spots = node.items.map((item, index) => walk.spot(item, `${path}[${index}]`, node))
  walk.items.set(
    path,
    spots.map(({ where }) => where),
  )
  for (const item of spots) readGroup(walk, item, list.item)
}

function readLeaf(walk: Walk, spot: Spot): void {
  const raw = isEmpty(spot.node) ? null : rawOf(walk, spot)
  if (raw === undefined) walk.mistakes.push(misshapen(spot, 'one value'))
  else walk.given.push({ path: spot.path, raw, where: spot.where })
}

function rawOf(walk: Walk, { node, path }: Spot): Raw | undefined {
  if (isSeq(node)) {
    const parts = node.items.map((item) => plainValue(walk.spot(item, path).node))
    return parts.every((part) => part !== undefined) ? parts : undefined
  }
  return plainValue(node)
}

function plainValue(node: unknown): Raw | undefined {
  if (!isScalar(node)) return undefined
  const { value } = node
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
  return plain || value === null ? value : undefined
}

function misshapen({ where, path }: Spot, wanted: string): Mistake {
  return {
    where,
    key: path === '' ? 'the file' : path,
    problem: `${wanted} should stand here`,
    fix: 'docs/reference/configuration.md shows its form',
  }
}

function unknown({ where, path }: Spot, name: string, group: Group): Mistake {
  const problem = `there is no key ${quote(path)}`
  const sibling = nearest(name, Object.keys(group.members))
  if (sibling !== undefined) return { where, problem, fix: `did you mean ${sibling}?` }
  const known = rowsOf(schema).map(({ key }) => key)
  const elsewhere = known.find((key) => key.endsWith(`.${name}`)) ?? nearest(path, known)
  if (elsewhere === undefined) return { where, problem, fix: 'remove it' }
  return {
    where,
    problem,
    fix: `did you mean ${elsewhere}, with each part nested in the one before?`,
  }
}
