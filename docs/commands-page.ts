import { nameOf, type Command } from '../src/commands/command.ts'
import { flagRows, synopsis } from '../src/commands/help.ts'
import { commands } from '../src/commands/table.ts'

const intro = `# Command line

Made from the table of commands by \`npm run docs\`; \`warder COMMAND --help\` says the same.

| exit code | |
| --- | --- |
| 0 | done |
| 1 | refused or failed; standard error says why and what to do |
| 2 | mistyped; standard error says what was likely meant |

What was asked for is on standard output, all else on standard error. A secret that is printed is printed this once, and alone on standard
output, so that \`warder gateway add edge > edge.token\` holds the credential and nothing else. With \`--json\`, standard output is one JSON value.
No command takes a secret as a word or a flag.

Commands that manage call the authority as any other client of its API does. Where it is and who calls is in \`admin.json\` in the data folder
(\`--data\`, else \`WARDER_DATA\`, else \`./data\`), or in these variables, each over what the file says:

| variable | |
| --- | --- |
| \`WARDER_URL\` | where the authority is; \`https://\`, unless it is this machine |
| \`WARDER_CLIENT_ID\`, \`WARDER_CLIENT_SECRET\` | the administrator, as \`warder admin add\` printed it |
| \`WARDER_ENVIRONMENT\` | the id of the environment where it signs in, and that it manages unless told otherwise |

[SETTINGS] are those of [the configuration](configuration.md).
`

function rows(cells: readonly (readonly [string, string])[]): string {
  return cells
    .map(([left, right]) => `| \`${left}\` | ${right.replaceAll('|', '\\|')} |\n`)
    .join('')
}

function section(command: Command): string {
  const { summary, more, example } = command
  const text = [summary[0]?.toUpperCase() ?? '', summary.slice(1), '.', more && ` ${more}`].join('')
  const code = `\`\`\`sh\n${synopsis(command)}\n\`\`\``
  const flags = `| flag | |\n| --- | --- |\n${rows(flagRows(command))}`
  return `\n## ${nameOf(command)}\n\n${code}\n\n${text}\n\n${flags}\nExample: \`${example}\`\n`
}

/** The reference page of the command line. */
export function commandsPage(): string {
  return [intro, ...commands.map(section)].join('')
}
