// npm run bench -- feed [ROW …] [--quick]: what the feed between authority and verifiers reaches.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { following } from './feed/following.ts'
import { reconnecting } from './feed/reconnecting.ts'
import { revoking } from './feed/revoking.ts'
import type { FeedRow, Figure } from './feed/rows.ts'
import { snapshots } from './feed/snapshots.ts'
import { circumstances } from './machine.ts'
import { circumstancesLine, writeResults } from './results.ts'
import { table } from './table.ts'

const rows: readonly FeedRow[] = [revoking, following, snapshots, reconnecting]

/** Runs the rows of that name, all where none is named, and prints what they reach. */
export async function runFeed(
  names: readonly string[],
  quick: boolean,
  say: (text: string) => void,
): Promise<void> {
  const unknown = names.find((name) => !rows.some((row) => row.name === name))
  if (unknown !== undefined) throw new TypeError(`there is no row ${unknown}`)
  const where = circumstances()
  const figures: Figure[] = []
  for (const row of rows.filter(({ name }) => names.length === 0 || names.includes(name))) {
    say(`${row.name}: ${row.about}`)
    const folder = mkdtempSync(join(tmpdir(), 'warder-bench-'))
    try {
      figures.push(...(await row.run({ folder, quick, say })))
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
  console.log(`\n${table(['feed', 'reached', 'aim', 'holds'], lines)}`)
  console.log(`\n${writeResults('feed', where, { quick, figures })}`)
}
