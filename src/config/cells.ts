import type { Raw } from './kinds.ts'
import type { Given, Mistake } from './mistake.ts'
import {
  join,
  type Group,
  type Leaf,
  type Node,
  type Of,
  type Row,
  type Surroundings,
} from './nodes.ts'

/** What one key is worth, in printable form, and where that was said. */
export interface Setting {
  readonly key: string
  /** Undefined where the key is unset; never a secret. */
  readonly text: string | undefined
  readonly where: string
}

/** The configuration object, still without its type, and all that is known of its making. */
export interface Assembly {
  readonly value: unknown
  readonly settings: ReadonlyMap<string, Setting>
  readonly mistakes: readonly Mistake[]
  /** The keys whose value is not what somebody meant; nothing may be concluded from them. */
  readonly broken: ReadonlySet<string>
}

interface Sources {
  readonly rows: readonly Row[]
  /** In the order of their force: the last one wins. */
  readonly given: readonly Given<Raw>[]
  readonly items: ReadonlyMap<string, readonly string[]>
  readonly around: Surroundings
}

interface Cell {
  readonly value: unknown
  readonly text: string | undefined
  readonly where: string
  readonly broken: boolean
}

const unsetCell: Cell = { value: undefined, text: undefined, where: 'default', broken: false }

class Assembler {
  readonly settings = new Map<string, Setting>()
  readonly mistakes: Mistake[] = []
  readonly broken = new Set<string>()
  readonly #cells = new Map<string, Cell>()
  readonly #given: ReadonlyMap<string, readonly Given<Raw>[]>
  readonly #items: ReadonlyMap<string, readonly string[]>
  readonly #rows: ReadonlyMap<string, Row>
  readonly #around: Surroundings

  constructor({ rows, given, items, around }: Sources) {
    this.#around = around
    this.#given = Map.groupBy(given, ({ path }) => path)
    this.#items = items
    this.#rows = new Map(rows.map((row) => [row.key, row]))
  }

  build(node: Node, path: string, name: string, where = 'default'): unknown {
    if (node.shape === 'group') return this.#group(node, path, name, where)
    if (node.shape === 'leaf') return this.#leaf(node, path, name, where)
    const items: unknown[] = []
    for (const [index, place] of (this.#items.get(path) ?? []).entries()) {
      const before = this.mistakes.length
      const item = this.build(node.item, `${path}[${index}]`, `${name}[${index}]`, place)
      // An item with a mistake lacks what its type promises.
      if (this.mistakes.length === before) items.push(item)
      else this.broken.add(name)
    }
    return Object.freeze(items)
  }

  #group(node: Group, path: string, name: string, where: string): unknown {
    const members = Object.entries(node.members).map(([member, child]) => {
      const shown = member === node.main ? name : join(name, member)
      return [member, this.build(child, join(path, member), shown, where)]
    })
    return Object.freeze(Object.fromEntries(members))
  }

  #leaf(leaf: Leaf<unknown>, path: string, key: string, where: string): unknown {
    const cell = this.#cell(leaf, path, key, where)
    this.settings.set(key, { key, text: cell.text, where: cell.where })
    return cell.value
  }

  #cell(leaf: Leaf<unknown>, path: string, key: string, where: string): Cell {
    const known = this.#cells.get(path)
    if (known !== undefined) return known
    const cell = this.#given.has(path)
      ? this.#fromSources(leaf, path, key)
      : this.#fallback(leaf, key, where)
    this.#cells.set(path, cell)
    if (cell.broken) this.broken.add(key)
    return cell
  }

  #fromSources(leaf: Leaf<unknown>, path: string, key: string): Cell {
    let cell: Cell | undefined
    let broken = false
    for (const { raw, where } of this.#given.get(path) ?? []) {
      const outcome = leaf.kind.read(raw)
      if (outcome.ok) {
        cell = { value: outcome.value, text: outcome.text, where, broken: false }
      } else {
        broken = true
        const problem = raw === null ? 'has no value' : outcome.problem
        this.mistakes.push({ where, key, problem, fix: outcome.fix })
      }
    }
    return { ...(cell ?? this.#fallback(leaf, key, 'default')), broken }
  }

  #fallback(leaf: Leaf<unknown>, key: string, where: string): Cell {
    const { fallback, kind } = leaf
    if (fallback.kind === 'unset') return unsetCell
    if (fallback.kind === 'required') {
      // A value that was given and is wrong has been named already.
      if (where !== 'default') {
        this.mistakes.push({ where, key, problem: 'is missing', fix: `add ${kind.says}` })
      }
      return { ...unsetCell, broken: true }
    }
    let broken = false
    const of: Of = (other) => {
      const row = this.#rows.get(other)
      if (row === undefined)
        throw new TypeError(`the default of ${key} follows from no key: ${other}`)
      const cell = this.#cell(row.leaf, row.path, row.key, 'default')
      broken ||= cell.broken
      return cell.text
    }
    const text = fallback.kind === 'text' ? fallback.text : fallback.text(of, this.#around)
    const outcome = kind.read(kind.fromText(text))
    if (!outcome.ok) throw new TypeError(`the default of ${key} does not hold: ${outcome.problem}`)
    return { value: outcome.value, text: outcome.text, where: 'default', broken }
  }
}

/** Gives every key of the schema its value: the last one given, else its default. */
export function assemble(schema: Group, sources: Sources): Assembly {
  const assembler = new Assembler(sources)
  const value = assembler.build(schema, '', '')
  const { settings, mistakes, broken } = assembler
  return { value, settings, mistakes, broken }
}
