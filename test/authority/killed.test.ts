import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { verifyAudit } from '../../src/store/verify.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { addGateway, openHouse, type House } from './house.ts'

const script = join(import.meta.dirname, 'killed-authority.ts')

test('M19: what was acknowledged before kill -9 is there, and nothing is half made', async (t) => {
  const dataFolder = temporaryFolder(t)
  for (const lines of [1, 20, 60]) {
    const { created, deleted } = await runUntilKilled(dataFolder, lines)
    const house = await openHouse({ dataFolder })
    const rows = await house.store.read((db) => db.selectFrom('credentials').selectAll().execute())
    const stored = new Map(rows.map((row) => [row.id, row]))
    for (const id of created) assert.ok(stored.has(id))
    for (const id of deleted) assert.notEqual(stored.get(id)?.revokedRevision, null)
    await assertWhole(house)
    await house.close()
  }
})

test('M19: no 5xx is answered after a commit, whatever fails then', async () => {
  const house = await openHouse()
  const { path } = await addGateway(house)
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => house.ask('POST', `${path}/credentials`)),
  )
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]))
  const [first] = answers
  // The fleet is asked after the commit.
  Object.assign(house.authority.feed, { applied: () => Promise.reject(new Error('broken')) })
  const deleted = await house.ask('DELETE', `${path}/credentials/${String(first?.body['id'])}`)
  assert.equal(deleted.status, 204)
  await house.close()
})

async function assertWhole({ store }: House): Promise<void> {
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

async function runUntilKilled(dataFolder: string, lines: number) {
  const child = spawn(process.execPath, [script, dataFolder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const created: string[] = []
  const deleted: string[] = []
  for await (const line of createInterface(child.stdout)) {
    const said = JSON.parse(line) as { readonly created?: string; readonly deleted?: string }
    if (said.created !== undefined) created.push(said.created)
    if (said.deleted !== undefined) deleted.push(said.deleted)
    if (created.length + deleted.length === lines) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { created, deleted }
}
