import { nearest } from '../config/nearest.ts'
import { quote } from '../config/secret.ts'
import { helpFlag, type Command, type Flag, type Order } from './command.ts'

/** An order, or what is wrong with the words. */
export type OrderReading =
  | { readonly kind: 'order'; readonly order: Order }
  | { readonly kind: 'mistyped'; readonly problem: string }

interface Words {
  readonly args: string[]
  readonly flags: Map<string, string[]>
  readonly rest: string[]
}

/** Reads the words behind a command. What is not known is quoted only where it cannot be a secret. */
export function readOrder(command: Command, words: readonly string[]): OrderReading {
  const read: Words = { args: [], flags: new Map(), rest: [] }
  for (let at = 0; at < words.length;) {
    const taken = take(command, read, words.slice(at))
    if (typeof taken === 'string') return { kind: 'mistyped', problem: taken }
    at += taken
  }
  const problem = read.flags.has(helpFlag.name) ? undefined : problemOfArgs(command, read.args)
  return problem === undefined
    ? { kind: 'order', order: orderOf(command, read) }
    : { kind: 'mistyped', problem }
}

/** Takes the first of the words, with its value, and says how many they were, or what is wrong. */
function take(command: Command, read: Words, words: readonly string[]): number | string {
  const [word = '', next] = words
  if (!word.startsWith('--')) {
    ;(command.configuration ? read.rest : read.args).push(word)
    return 1
  }
  const [, name = word, text] = /^(--[^=]*)=(.*)$/s.exec(word) ?? []
  const flag = [...command.flags, helpFlag].find((each) => `--${each.name}` === name)
  if (!flag) {
    if (!command.configuration) return unknownFlag(command, name)
    const value = text === undefined && next !== undefined && !next.startsWith('--') ? [next] : []
    read.rest.push(word, ...value)
    return 1 + value.length
  }
  return takeFlag(read, flag, { text, next })
}

function takeFlag(
  { flags }: Words,
  { name, value, many }: Flag,
  { text, next }: { readonly text: string | undefined; readonly next: string | undefined },
): number | string {
  const before = flags.get(name)
  if (before && !many) return `--${name} is given twice: give it once`
  if (value === undefined) {
    flags.set(name, [])
    return text === undefined ? 1 : `--${name} takes no value`
  }
  const given = text ?? next ?? ''
  if (given === '' || (text === undefined && given.startsWith('--'))) {
    return `--${name} has no value: write ${value} behind it`
  }
  flags.set(name, [...(before ?? []), given])
  return text === undefined ? 2 : 1
}

function unknownFlag({ flags }: Command, name: string): string {
  const meant = nearest(
    name,
    flags.map((flag) => `--${flag.name}`),
  )
  const hint = meant === undefined ? '' : `, did you mean ${meant}?`
  return `there is no flag ${quote(name).slice(1, -1)} here${hint}`
}

function problemOfArgs({ args, configuration }: Command, given: readonly string[]) {
  if (configuration) return undefined
  if (given.length > args.length) return 'there are more words than this command takes'
  const missing = args.slice(given.length).find((arg) => !arg.startsWith('['))
  return missing === undefined ? undefined : `${missing} is missing`
}

function orderOf(command: Command, { args, flags, rest }: Words): Order {
  const known = new Set([...command.flags, helpFlag].map(({ name }) => name))
  const flag = (name: string) => {
    if (!known.has(name)) throw new TypeError(`the command has no flag ${name}`)
    return flags.get(name)
  }
  return {
    arg(place) {
      const arg = args[place]
      if (arg === undefined) throw new TypeError(`the command has no argument ${place}`)
      return arg
    },
    argIfAny: (place) => args[place],
    value: (name) => flag(name)?.[0],
    values: (name) => flag(name) ?? [],
    has: (name) => flag(name) !== undefined,
    knows: (name) => known.has(name),
    rest,
  }
}
