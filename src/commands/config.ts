import type { Setting } from '../config/cells.ts'
import type { Role } from '../config/checks.ts'
import type { Loaded } from '../config/load.ts'
import { describeMistake } from '../config/mistake.ts'
import type { Order } from './command.ts'
import { loadStartConfig, tellMistakes } from './start-config.ts'
import { print, printJson, tell } from './terminal.ts'

const roles: ReadonlyMap<string, Role> = new Map([
  ['serve', 'serve'],
  ['authority', 'authority'],
  ['verifier', 'verifier'],
])

type Holds = Extract<Loaded, { ok: true }>

function report({ file, settings, warnings }: Holds): void {
  const given = settings.filter(({ where }) => where !== 'default').length
  const source = file === undefined ? 'no file' : file
  const set = `${given} of ${settings.length} settings given`
  for (const warning of warnings) tell(`warning: ${describeMistake(warning)}`)
  print(`ok: ${source}, ${set}\n`)
}

function table(settings: readonly Setting[]): string {
  const width = Math.max(...settings.map(({ key }) => key.length))
  const line = ({ key, text, where }: Setting) =>
    `${key.padEnd(width)}  ${text ?? '–'}${where === 'default' ? '' : `  (${where})`}\n`
  return settings.map(line).join('')
}

function asJson(settings: readonly Setting[]): object {
  const entries = settings.map(({ key, text, where }) => [
    key,
    { value: text ?? null, source: where },
  ])
  return Object.fromEntries(entries)
}

/** Says whether the configuration that a process would start with is in order. */
export async function check(order: Order): Promise<number> {
  return withConfig(order, report)
}

/** Shows the configuration that a process would start with. */
export async function showConfig(order: Order): Promise<number> {
  return withConfig(order, ({ settings }) => {
    if (order.has('json')) printJson(asJson(settings))
    else print(table(settings))
  })
}

function withConfig(order: Order, work: (loaded: Holds) => void): number {
  const as = order.value('as')
  const role = roles.get(as ?? '')
  if (as !== undefined && role === undefined) {
    tell(`warder: --as is one of ${[...roles.keys()].join(', ')}`)
    return 2
  }
  const loaded = loadStartConfig(order.rest, role)
  if (!loaded.ok) return tellMistakes(loaded.mistakes)
  work(loaded)
  return 0
}
