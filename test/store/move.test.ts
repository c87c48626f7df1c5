import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { StoreRefused, StoreUnavailable } from '../../src/store/errors.ts'
import { moveToPostgres } from '../../src/store/move.ts'
import { openStore } from '../../src/store/open.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const nowhere = 'postgres://warder@127.0.0.1:1/warder'

test('moving to Postgres knows every table that the schema has', async (t) => {
  const path = join(temporaryFolder(t), 'warder.db')
  await (await openStore({ url: `sqlite:${path}` })).close()
  // It looks at the tables before it looks for Postgres.
  await assert.rejects(moveToPostgres(path, nowhere), StoreUnavailable)
})

test('a database that is open, or that is not there, is not moved', async (t) => {
  const path = join(temporaryFolder(t), 'warder.db')
  await assert.rejects(moveToPostgres(path, nowhere), StoreRefused)
  const store = await openStore({ url: `sqlite:${path}` })
  await assert.rejects(moveToPostgres(path, nowhere), { reason: 'busy' })
  await store.close()
})
