import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one run of the bench has measured, as it is kept in git. */
interface Figures {
  readonly date: string
  readonly machine: string
  readonly run: string
  /** Processor time per allowed request: one target over another, the median of rounds. */
  readonly ratios: readonly {
    readonly target: string
    readonly against: string
    readonly median: number
    readonly min: number
    readonly max: number
  }[]
}

const sentences: ReadonlyMap<string, string> = new Map([
  [
    'warder-rs256-3072 bare-node',
    'An allowed request costs ${} times the processor time of `node:http` that answers the same headers and decides nothing',
  ],
  [
    'warder-rs256-3072 haproxy-rs256-3072',
    'It costs ${} times what HAProxy spends on verifying such a token itself (RS256, 3072 bits)',
  ],
  ['warder-rs256-2048 haproxy-rs256-2048', 'With keys of 2048 bits, ${} times'],
  [
    'warder-revoked-1000000 warder-revoked-0',
    'With a million revoked ids it costs ${} times what it costs with none',
  ],
])

const [from, to] = ['<!-- figures -->\n', '<!-- end of figures -->\n']

/** The sentences with the figures of the last run that was kept. */
function figuresText(): string {
  const text = readFileSync(join(import.meta.dirname, '../bench/figures.json'), 'utf8')
  const { date, machine, run, ratios }: Figures = JSON.parse(text)
  const lines = [...sentences].flatMap(([name, sentence]) => {
    const ratio = ratios.find(({ target, against }) => `${target} ${against}` === name)
    if (!ratio) return []
    const [median, min, max] = [ratio.median, ratio.min, ratio.max].map((each) => each.toFixed(2))
    return [`- ${sentence.replace('${}', `${median} (${min}–${max})`)}.\n`]
  })
  return `Measured ${date} with \`${run}\` on ${machine}; the median, least and greatest of the rounds:\n\n${lines.join('')}`
}

/** The README with the figures of now in their place. */
export function withFigures(readme: string): string {
  const [start, end] = [readme.indexOf(from), readme.indexOf(to)]
  if (start === -1 || end < start) throw new TypeError('README.md has no place for figures')
  return `${readme.slice(0, start + from.length)}\n${figuresText()}\n${readme.slice(end)}`
}
