import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openApiPage } from '../../docs/openapi-page.ts'
import { operations } from '../../src/authority/operations.ts'
import { ask, openHouse } from './house.ts'

test('docs/reference/openapi.json is what "npm run docs" makes of the table of operations', () => {
  const page = join(import.meta.dirname, '../../docs/reference/openapi.json')
  assert.equal(readFileSync(page, 'utf8'), openApiPage(), 'run "npm run docs"')
})

test('the description that is served is the committed one, for everybody, under both of its paths', async () => {
  const house = await openHouse()
  for (const path of ['/api', '/v1/api']) {
    const { body, status } = await ask(house.url, 'GET', path)
    assert.equal(status, 200)
    assert.deepEqual(body, JSON.parse(openApiPage()))
  }
  await house.close()
})

test('every operation but the ones that everybody may call needs a role', () => {
  const open = Object.entries(operations).filter(([, { access }]) => access.kind === 'public')
  assert.deepEqual(
    open.map(([id]) => id),
    [
      'describeApi',
      'describeApiV1',
      'readKeySet',
      'issueToken',
      'issueAccessToken',
      'testAccessToken',
      'introspectToken',
      'revokeToken',
      'describeAuthorizationServer',
    ],
  )
})
