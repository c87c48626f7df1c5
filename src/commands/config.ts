import { readFileSync } from 'node:fs'
import process from 'node:process'
import type { Setting } from '../config/cells.ts'
import type { Role } from '../config/checks.ts'
import { loadConfig, type Loaded } from '../config/load.ts'
import { describeMistake, type Mistake } from '../config/mistake.ts'

const usage = `warder config check [--as ROLE] [--config FILE] [FLAGS]
warder config show [--as ROLE] [--json] [--config FILE] [FLAGS]

  check    say "ok", or name every mistake with where it is and what to do
  show     print every setting, and where its value comes from

  --as     serve, authority or verifier: judge for that process, as its command would
  FLAGS    those of serve, authority and verifier, like --listen-http 127.0.0.1:8080

  example: warder config check --as verifier --config /etc/warder.yaml
`

const roles: ReadonlyMap<string, Role> = new Map([
  ['serve', 'serve'],
  ['authority', 'authority'],
  ['verifier', 'verifier'],
])

interface Order {
  readonly json: boolean
  readonly role: Role | undefined
  /** The flags of the configuration itself; undefined where the words make no sense. */
  readonly argv: readonly string[] | undefined
}

function readOrder(words: readonly string[]): Order {
  const rest = words.filter((word) => word !== '--json')
  const at = rest.indexOf('--as')
  const role = roles.get(rest[at + 1] ?? '')
  const argv = at === -1 ? rest : rest.toSpliced(at, 2)
  const sensible = at === -1 || role !== undefined
  return {
    json: rest.length < words.length,
    role: at === -1 ? undefined : role,
    argv: sensible ? argv : undefined,
  }
}

type Holds = Extract<Loaded, { ok: true }>

function check({ file, settings, warnings }: Holds): void {
  const given = settings.filter(({ where }) => where !== 'default').length
  const source = file === undefined ? 'no file' : file
  const set = `${given} of ${settings.length} settings given`
  for (const warning of warnings) process.stderr.write(`warning: ${describeMistake(warning)}\n`)
  process.stdout.write(`ok: ${source}, ${set}\n`)
}

function table(settings: readonly Setting[]): string {
  const width = Math.max(...settings.map(({ key }) => key.length))
  const line = ({ key, text, where }: Setting) =>
    `${key.padEnd(width)}  ${text ?? '–'}${where === 'default' ? '' : `  (${where})`}\n`
  return settings.map(line).join('')
}

function json(settings: readonly Setting[]): string {
  const entries = settings.map(({ key, text, where }) => [
    key,
    { value: text ?? null, source: where },
  ])
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
}

function complain(mistakes: readonly Mistake[]): void {
  for (const mistake of mistakes) process.stderr.write(`${describeMistake(mistake)}\n`)
}

function readFile(path: string): string {
  return readFileSync(path, 'utf8')
}

/** Checks or shows the configuration that a process would start with. */
export async function run([verb = '--help', ...words]: readonly string[]): Promise<number> {
  if (verb === '--help' || words.includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  const { json: wantsJson, role, argv } = readOrder(words)
  if ((verb !== 'check' && verb !== 'show') || argv === undefined) {
    process.stderr.write(usage)
    return 2
  }
  const loaded = loadConfig({ argv, env: process.env, cwd: process.cwd(), readFile, role })
  if (!loaded.ok) {
    complain(loaded.mistakes)
    return 1
  }
  if (verb === 'check') check(loaded)
  else process.stdout.write(wantsJson ? json(loaded.settings) : table(loaded.settings))
  return 0
}
