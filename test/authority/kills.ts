import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { openStore } from '../../src/authority/database.ts'
import type { Store } from '../../src/store/store.ts'
import { verifyAudit } from '../../src/store/verify.ts'

// An authority that is killed again and again while it creates and deletes credentials.

const script = join(import.meta.dirname, 'killed-authority.ts')

/** Kills it after so many acknowledged lines, once for each, and holds what is stored to what was acknowledged. */
export async function surviveKills(dataFolder: string, kills: Iterable<number>): Promise<number> {
  const created: string[] = []
  const deleted: string[] = []
  for (const lines of kills) {
    await runUntilKilled(dataFolder, lines, { created, deleted })
    const store = await openStore({ url: `sqlite:${join(dataFolder, 'warder.db')}` })
    try {
      const rows = await store.read((db) => db.selectFrom('credentials').selectAll().execute())
      const stored = new Map(rows.map((row) => [row.id, row]))
      for (const id of created) assert.ok(stored.has(id))
      for (const id of deleted) assert.notEqual(stored.get(id)?.revokedRevision ?? null, null)
      await assertWhole(store)
    } finally {
      await store.close()
    }
  }
  return created.length + deleted.length
}

async function assertWhole(store: Store): Promise<void> {
  const entries = await store.read((db) => db.selectFrom('audit').selectAll().execute())
  const targets = (action: string) =>
    entries.filter((entry) => entry.action === action).map(({ target }) => target)
  const [credentials, gateways] = await store.read((db) =>
    Promise.all([
      db.selectFrom('credentials').selectAll().execute(),
      db.selectFrom('gateways').selectAll().execute(),
    ]),
  )
  assert.deepEqual(targets('gateway.create').toSorted(), ids(gateways))
  assert.deepEqual(targets('credential.create').toSorted(), ids(credentials))
  const revoked = credentials.filter(({ revokedAt }) => revokedAt !== null)
  assert.deepEqual(targets('credential.revoke').toSorted(), ids(revoked))
  assert.equal(credentials.length, gateways.length)
  assert.equal((await verifyAudit(store)).kind, 'whole')
}

function ids(rows: readonly { readonly id: string }[]): readonly string[] {
  return rows.map(({ id }) => id).toSorted()
}

interface Acknowledged {
  readonly created: string[]
  readonly deleted: string[]
}

async function runUntilKilled(
  dataFolder: string,
  lines: number,
  { created, deleted }: Acknowledged,
): Promise<void> {
  const child = spawn(process.execPath, [script, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let seen = 0
  for await (const line of createInterface(child.stdout)) {
    const said = JSON.parse(line) as { readonly created?: string; readonly deleted?: string }
    if (said.created !== undefined) created.push(said.created)
    if (said.deleted !== undefined) deleted.push(said.deleted)
    seen++
    if (seen === lines) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
