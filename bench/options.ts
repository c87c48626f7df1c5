import { parseArgs } from 'node:util'

/** What the words after `npm run bench --` ask for. */
export interface Options {
  readonly names: readonly string[]
  readonly quick: boolean
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly connections: number
  readonly tokens: number
  readonly load: string | undefined
  readonly list: boolean
}

/** Reads the words; throws a TypeError that says what is wrong with them. */
export function parseOptions(words: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string' },
      tokens: { type: 'string' },
      load: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  })
  return {
    names: positionals,
    quick: values.quick,
    rounds: whole('rounds', values.rounds, values.quick ? 3 : 5),
    seconds: whole('seconds', values.seconds, values.quick ? 1 : 4),
    warmUpSeconds: values.quick ? 1 : 3,
    connections: whole('connections', values.connections, 64),
    tokens: whole('tokens', values.tokens, 1000),
    load: values.load,
    list: values.list,
  }
}

function whole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new TypeError(`--${name} takes a whole number above 0`)
  return Number(text)
}
