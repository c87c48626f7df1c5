// npm run bench -- SUITE [ROW …] [--quick]: rows that hold one figure each against what is to be reached.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { circumstances } from './machine.ts'
import { circumstancesLine, writeResults } from './results.ts'
import type { Figure, Row } from './rows.ts'
import { table } from './table.ts'

export interface SuiteOrder {
  /** Of the suite and of those of its rows that are to run; all where none is named. */
  readonly names: readonly string[]
  readonly quick: boolean
  readonly say: (text: string) => void
}

/** Runs the rows of a suite, and prints and writes what they reach. */
export async function runSuite(rows: readonly Row[], order: SuiteOrder): Promise<void> {
  const [suite = '', ...wanted] = order.names
  const unknown = wanted.find((name) => !rows.some((row) => row.name === name))
  if (unknown !== undefined) throw new TypeError(`there is no row ${unknown}`)
  const where = circumstances()
  const figures: Figure[] = []
  for (const row of rows.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    order.say(`${row.name}: ${row.about}`)
    const folder = mkdtempSync(join(tmpdir(), 'warder-bench-'))
    try {
      figures.push(...(await row.run({ folder, quick: order.quick, say: order.say })))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  console.log(`\n${circumstancesLine(where)}`)
  const lines = figures.map(({ what, reached, aim, holds }) => [
    what,
    reached,
    aim,
    holds ? 'yes' : 'NO',
  ])
  console.log(`\n${table([suite, 'reached', 'aim', 'holds'], lines)}`)
  console.log(`\n${writeResults(suite, where, { quick: order.quick, figures })}`)
}
