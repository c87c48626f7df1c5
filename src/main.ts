import process from 'node:process'
import packageJson from '../package.json' with { type: 'json' }
import { nearest } from './config/nearest.ts'

interface Command {
  readonly summary: string
  /** Loaded only when it is called, so that each command starts with what it needs and no more. */
  readonly run: (words: readonly string[]) => Promise<number>
}

async function version(): Promise<number> {
  process.stdout.write(`${packageJson.version}\n`)
  return 0
}

async function help(): Promise<number> {
  process.stdout.write(usage())
  return 0
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  [
    'config',
    {
      summary: 'check or show the configuration',
      run: async (words) => (await import('./commands/config.ts')).run(words),
    },
  ],
  [
    'verifier',
    {
      summary: 'answer gateways',
      run: async (words) => (await import('./commands/verifier.ts')).run(words),
    },
  ],
  ['version', { summary: 'print the version', run: version }],
  ['help', { summary: 'print this', run: help }],
])

function usage(): string {
  const width = Math.max(...[...commands.keys()].map((name) => name.length))
  const lines = [...commands].map(
    ([name, { summary }]) => `  warder ${name.padEnd(width)}    ${summary}\n`,
  )
  return `warder ${packageJson.version}\n\n${lines.join('')}`
}

/** Runs the command that the words name and resolves to the exit code. */
export async function main([name = 'help', ...words]: readonly string[]): Promise<number> {
  const command = commands.get(name === '--help' ? 'help' : name)
  if (command !== undefined) return command.run(words)
  const meant = nearest(name, commands.keys())
  const hint = meant === undefined ? '' : `, did you mean "${meant}"?`
  process.stderr.write(`warder: no command "${name}"${hint}\n\n${usage()}`)
  return 2
}
