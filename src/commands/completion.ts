// Scripts that complete words in a shell, made of the table of commands: they ask nobody, so they are quick.

import { rowsOf } from '../config/nodes.ts'
import { schema } from '../config/schema.ts'
import { helpFlag, nameOf, type Command, type Flag, type Order } from './command.ts'
import {
  bashScript,
  fishScript,
  zshScript,
  type Choices,
  type Known,
} from './completion-scripts.ts'
import { print, tell } from './terminal.ts'

const shells: ReadonlyMap<string, (known: Known) => string> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
])

/** Prints the script for a shell. */
export function completion(commands: readonly Command[], order: Order): number {
  const script = shells.get(order.arg(0))
  if (!script) {
    tell(`warder: SHELL is one of ${[...shells.keys()].join(', ')}`)
    return 2
  }
  print(script(knownOf(commands)))
  return 0
}

function knownOf(commands: readonly Command[]): Known {
  const settings = [
    { word: '--config', says: 'the configuration file', isSwitch: false },
    ...rowsOf(schema).map(({ flag, leaf }) => ({
      word: flag,
      says: leaf.doc,
      isSwitch: leaf.kind.fromText('true') === true,
    })),
  ]
  return { settings, choices: choicesOf(commands) }
}

function choicesOf(commands: readonly Command[]): readonly Choices[] {
  const firsts = Map.groupBy(commands, ({ words: [first = ''] }) => first)
  const top = [...firsts].map(([word, [command, ...others]]) => ({
    word,
    says: others.length === 0 ? (command?.summary ?? '') : `commands about ${word}`,
  }))
  const groups = [...firsts].map(([after, group]) => ({
    after,
    choices: group.flatMap((command) => secondOf(command)),
  }))
  const ends = commands.map((command) => ({
    after: nameOf(command),
    choices: [...argumentsOf(command), ...[...command.flags, helpFlag].map(written)],
    configured: command.configuration,
    takesFolder: command.args.some((arg) => arg.includes('FOLDER')),
  }))
  return [{ after: '', choices: top }, ...joined([...groups, ...ends])]
}

function written({ name, value, doc }: Flag) {
  return { word: `--${name}`, says: doc, isSwitch: value === undefined }
}

/** What can be told of an argument without asking anybody. */
function argumentsOf({ args }: Command) {
  if (!args.includes('SHELL')) return []
  return [...shells.keys()].map((word) => ({ word, says: `the script for ${word}` }))
}

function secondOf({ words: [, second], summary }: Command) {
  return second === undefined ? [] : [{ word: second, says: summary }]
}

/** A word that is a command by itself, and begins others, has the choices of both. */
function joined(all: readonly Choices[]): readonly Choices[] {
  return [...Map.groupBy(all, ({ after }) => after)].map(([after, some]) => ({
    after,
    choices: some.flatMap(({ choices }) => choices),
    configured: some.some(({ configured }) => configured),
    takesFolder: some.some(({ takesFolder }) => takesFolder),
  }))
}
