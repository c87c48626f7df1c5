import packageJson from '../../package.json' with { type: 'json' }
import type { Command } from './command.ts'
import { findCommand } from './find.ts'
import { helpOf, overview } from './help.ts'
import type { Order } from './command.ts'
import { print, show, tell } from './terminal.ts'

/** Prints the version. */
export async function version(order: Order): Promise<number> {
  show(order, { version: packageJson.version }, () => `${packageJson.version}\n`)
  return 0
}

/** Prints the help of all commands, of those that begin with a word, or of one. */
export async function help(commands: readonly Command[], order: Order): Promise<number> {
  const words = [order.argIfAny(0), order.argIfAny(1)].filter((word) => word !== undefined)
  return words.length === 0 ? all(commands) : helpOn(commands, words)
}

function all(commands: readonly Command[]): number {
  print(overview(packageJson.version, commands))
  return 0
}

function helpOn(commands: readonly Command[], words: readonly string[]): number {
  const found = findCommand(commands, words)
  switch (found.kind) {
    case 'command':
      print(helpOf(found.command))
      return 0
    case 'group':
      print(overview(packageJson.version, commands, found.first))
      return 0
    case 'unknown':
      tell(`warder: ${unknownCommand(found)}`)
      return 2
  }
}

/** Says that there is no such command, and which was likely meant. */
export function unknownCommand({
  written,
  meant,
}: {
  readonly written: string
  readonly meant: string | undefined
}): string {
  const hint = meant === undefined ? ': "warder help" lists all' : `, did you mean "${meant}"?`
  return `no command ${written}${hint}`
}
