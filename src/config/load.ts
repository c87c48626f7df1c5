import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { assemble, type Assembly, type Setting } from './cells.ts'
import { findContradictions, type Finding, type Role } from './checks.ts'
import { readEnvironment } from './environment.ts'
import { readYaml, type FileReading } from './file.ts'
import { readFlags } from './flags.ts'
import type { Mistake } from './mistake.ts'
import { rowsOf, type Node } from './nodes.ts'
import { schema, type Config } from './schema.ts'
import { quote } from './secret.ts'
import { codeOf } from '../system/error-code.ts'

/** Where a configuration may come from. */
export interface ConfigInput {
  /** The flags, without the words that named the command. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Reads a text file, or throws as `readFileSync` does. */
  readonly readFile: (path: string) => string
  /** Without one, nothing is asked for that only one of the processes needs. */
  readonly role?: Role | undefined
}

/** A configuration that holds, or everything that is wrong with it. */
export type Loaded =
  | {
      readonly ok: true
      readonly config: Config
      /** Every key in the order of the reference, printable. */
      readonly settings: readonly Setting[]
      /** The file that was read, if any. */
      readonly file: string | undefined
      readonly warnings: readonly Mistake[]
    }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] }

interface NamedFile {
  readonly name: string
  /** Who named it; undefined for the one that is read where it exists. */
  readonly by: string | undefined
}

interface FileOutcome extends FileReading {
  readonly read: boolean
}

// What stands in a text for bytes that are no UTF-8.
const unreadable = '\ufffd'

const nothing: FileOutcome = {
  given: [],
  items: new Map(),
  mistakes: [],
  legible: true,
  read: false,
}

function whichFile(flag: string | undefined, env: ConfigInput['env']): NamedFile {
  if (flag !== undefined) return { name: flag, by: '--config' }
  const name = env['WARDER_CONFIG'] ?? ''
  return name === '' ? { name: 'warder.yaml', by: undefined } : { name, by: 'WARDER_CONFIG' }
}

function readConfigFile(input: ConfigInput, { name, by }: NamedFile): FileOutcome {
  let text: string
  try {
    text = input.readFile(resolve(input.cwd, name))
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' && by === undefined) return nothing
    const problem = `${quote(name)} cannot be read (${code})`
    const fix = 'name a file that is there and that this user may read'
    return { ...nothing, legible: false, mistakes: [{ where: by ?? name, problem, fix }] }
  }
  if (text.includes(unreadable)) {
    const fix = 'save it as UTF-8'
    return {
      ...nothing,
      legible: false,
      mistakes: [{ where: name, problem: 'the file is not UTF-8', fix }],
    }
  }
  return { ...readYaml(name, text), read: true }
}

function toMistake({ keys, problem, fix }: Finding, { settings }: Assembly): Mistake {
  const places = keys.map((name) => settings.get(name)?.where ?? 'default')
  const where = places.find((place) => place !== 'default') ?? 'default'
  const [key] = keys
  return { where, problem, fix, ...(key === undefined ? {} : { key }) }
}

function fits(node: Node, value: unknown): boolean {
  if (node.shape === 'leaf') return true
  if (typeof value !== 'object' || value === null) return false
  if (node.shape === 'list') {
    return Array.isArray(value) && value.every((item) => fits(node.item, item))
  }
  const members = new Map(Object.entries(value))
  return Object.entries(node.members).every(
    ([name, member]) => members.has(name) && fits(member, members.get(name)),
  )
}

// Leaves hold what their own kind has read; that the tree around them has the schema's shape is seen here.
function isConfig(value: unknown): value is Config {
  return fits(schema, value)
}

// An entry with a mistake of its own is left out of the list, so the rest keep their names.
function namesOfTrust(file: FileReading, { mistakes }: Assembly): readonly string[] {
  return (file.items.get('trust') ?? [])
    .map((_, index) => `trust[${index}]`)
    .filter((name) => !mistakes.some(({ key }) => key?.startsWith(`${name}.`)))
}

function placeInFile({ where }: Mistake): number {
  const [, line, column] = /:(\d+):(\d+)$/.exec(where) ?? []
  const place = Number(line) * 10_000 + Math.min(Number(column), 9999)
  return line === undefined ? Number.MAX_SAFE_INTEGER : place
}

// The file from top to bottom, then the environment and the flags in the order in which they were found.
function inReadingOrder(mistakes: readonly Mistake[]): readonly Mistake[] {
  return mistakes.toSorted((one, other) => placeInFile(one) - placeInFile(other))
}

/** Reads defaults, file, environment and flags, each over the one before, and judges the whole. */
export function loadConfig(input: ConfigInput): Loaded {
  const around = {
    processors: availableParallelism(),
    opsPort: input.role === 'authority' ? 7091 : 7090,
  }
  const rows = rowsOf(schema)
  const flags = readFlags(input.argv, rows)
  const environment = readEnvironment(input.env, rows)
  const which = whichFile(flags.file, input.env)
  const file = readConfigFile(input, which)
  const given = [...file.given, ...environment.given, ...flags.given]
  const assembly = assemble(schema, { rows, given, items: file.items, around })
  const { value } = assembly
  if (!isConfig(value)) throw new TypeError('the schema and what it assembles differ')

  const contradictions = findContradictions(value, input.role, namesOfTrust(file, assembly))
  const broken = new Set([...assembly.broken, ...file.mistakes.map(({ key }) => key)])
  const found = [...contradictions].filter(
    ({ keys }) => file.legible && !keys.some((key) => broken.has(key)),
  )
  const mistakes = [
    ...file.mistakes,
    ...environment.mistakes,
    ...flags.mistakes,
    ...assembly.mistakes,
    ...found.filter(({ warning }) => warning !== true).map((each) => toMistake(each, assembly)),
  ]
  if (mistakes.length > 0) return { ok: false, mistakes: inReadingOrder(mistakes) }
  const warnings = found.map((each) => toMistake(each, assembly))
  const settings = [...assembly.settings.values()]
  return { ok: true, config: value, settings, file: file.read ? which.name : undefined, warnings }
}
