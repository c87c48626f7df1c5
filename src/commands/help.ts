import { helpFlag, nameOf, type Command } from './command.ts'

const exits = `Exit codes: 0 done; 1 refused or failed, with the reason on standard error; 2 mistyped.
"warder COMMAND --help" has flags and an example.
`

/** A command as it is typed, with all that follows. */
export function synopsis(command: Command): string {
  const { args, flags, configuration } = command
  const more = flags.length > 0 ? ['[FLAGS]'] : []
  const settings = configuration ? ['[SETTINGS]'] : []
  return ['warder', nameOf(command), ...args, ...more, ...settings].join(' ')
}

/** Flags as two columns: how they are written, and what they say. */
export function flagRows({ flags }: Command): readonly (readonly [string, string])[] {
  return [...flags, helpFlag].map(({ name, value, many, doc }) => {
    const written = value === undefined ? `--${name}` : `--${name} ${value}`
    return [many ? `${written} …` : written, doc]
  })
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}    ${right}\n`).join('')
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const { summary, more, example, configuration } = command
  const settings = configuration
    ? '\nSETTINGS are those of docs/reference/configuration.md, each a flag: --listen-http 127.0.0.1:8080, --config FILE\n'
    : ''
  const text = more === '' ? '' : `\n${more}\n`
  return `${synopsis(command)}\n\n  ${summary}\n${text}\n${columns(flagRows(command))}${settings}\n  example: ${example}\n`
}

/** The help of all commands, or of those that begin with a word. */
export function overview(version: string, commands: readonly Command[], first?: string): string {
  const shown = commands.filter(({ words }) => first === undefined || words[0] === first)
  const rows = shown.map(
    (command) => [['warder', nameOf(command), ...command.args].join(' '), command.summary] as const,
  )
  return `warder ${version}\n\n${columns(rows)}\n${exits}`
}
