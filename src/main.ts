import process from 'node:process'
import packageJson from '../package.json' with { type: 'json' }
import { unknownCommand } from './commands/about.ts'
import { nameOf, type Command } from './commands/command.ts'
import { findCommand } from './commands/find.ts'
import { helpOf, overview } from './commands/help.ts'
import { readOrder } from './commands/order.ts'
import { commands } from './commands/table.ts'
import { leaveOutput, print, tell } from './commands/terminal.ts'

const [mistyped, done] = [2, 0]

// As everybody tries them at any program.
const usual: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-V', 'version'],
])

/** Runs the command that the words name and resolves to the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  process.stdout.on('error', leaveOutput)
  // What is said beside it ends nothing.
  process.stderr.on('error', () => undefined)
  const [first = 'help', ...others] = words
  const found = findCommand(commands, [usual.get(first) ?? first, ...others])
  switch (found.kind) {
    case 'command':
      return runCommand(found.command, found.rest)
    case 'group': {
      const help = overview(packageJson.version, commands, found.first)
      if (found.asked) print(help)
      else tell(`warder: ${found.first} needs a word more\n\n${help}`)
      return found.asked ? done : mistyped
    }
    case 'unknown':
      tell(`warder: ${unknownCommand(found)}`)
      return mistyped
  }
}

async function runCommand(command: Command, words: readonly string[]): Promise<number> {
  const reading = readOrder(command, words)
  if (reading.kind === 'mistyped') {
    tell(`warder: ${nameOf(command)}: ${reading.problem}\n`)
    tell(helpOf(command))
    return mistyped
  }
  if (!reading.order.has('help')) return command.run(reading.order)
  print(helpOf(command))
  return done
}
