import process from 'node:process'
import packageJson from '../package.json' with { type: 'json' }

const usage = `warder ${packageJson.version}

  warder version    print the version
`

/** Runs the command that the words name and resolves to the exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const [command] = words
  if (command === 'version') {
    process.stdout.write(`${packageJson.version}\n`)
    return 0
  }
  const mistyped = command !== undefined && command !== 'help' && command !== '--help'
  const out = mistyped ? process.stderr : process.stdout
  out.write(mistyped ? `warder: no command "${command}"\n\n${usage}` : usage)
  return mistyped ? 2 : 0
}
