import { nearest } from '../config/nearest.ts'
import { quote } from '../config/secret.ts'
import { nameOf, type Command } from './command.ts'

/** Which command was meant. */
export type Finding =
  | { readonly kind: 'command'; readonly command: Command; readonly rest: readonly string[] }
  /** Only the first word of several commands. */
  | { readonly kind: 'group'; readonly first: string; readonly asked: boolean }
  | { readonly kind: 'unknown'; readonly written: string; readonly meant: string | undefined }

/** Finds the command that the words begin with. */
export function findCommand(commands: readonly Command[], words: readonly string[]): Finding {
  const [first = '', second = ''] = words
  const group = commands.filter((command) => command.words[0] === first)
  const isWord = second !== '' && !second.startsWith('-')
  const pair = group.find((command) => command.words.length === 2 && command.words[1] === second)
  if (pair) return { kind: 'command', command: pair, rest: words.slice(2) }
  const single = group.find((command) => command.words.length === 1)
  // "verifier lsit" is a mistyped "verifier list" rather than a verifier with an odd flag.
  const takesWords = single && single.args.length > 0
  if (single && (!isWord || takesWords)) {
    return { kind: 'command', command: single, rest: words.slice(1) }
  }
  if (group.length > 0 && !isWord) {
    return { kind: 'group', first, asked: second === '--help' || second === '-h' }
  }
  return unknown(commands, group, [first, second])
}

function unknown(
  commands: readonly Command[],
  group: readonly Command[],
  [first, second]: readonly [string, string],
): Finding {
  if (group.length === 0) {
    const meant = nearest(first, new Set(commands.map(({ words }) => words[0] ?? '')))
    return { kind: 'unknown', written: quote(first), meant }
  }
  const seconds = new Map(
    group.flatMap((command) => {
      const [, word] = command.words
      return word === undefined ? [] : [[word, nameOf(command)] as const]
    }),
  )
  const meant = nearest(second, seconds.keys())
  const written = quote(`${first} ${second}`)
  return { kind: 'unknown', written, meant: meant && seconds.get(meant) }
}
