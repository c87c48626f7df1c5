import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import { mintGatewayCredential } from '../../src/credential/mint.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import { missing } from '../../src/doors/carrier.ts'
import { knownValue, noteValue } from '../../src/verifier/long-values.ts'
import { gatewayClaims, keys } from '../credential/installation.ts'
import { gatewayDoor, judgeBy, view } from '../doors/live-view.ts'
import { collect } from './kept.ts'

// A piece of a text that was read holds on to all of it: other headers, cookies, tokens of clients.

const beside = 200_000

/** A value as it stands in a text that was read with much beside it. */
function readWithMuch(value: string): string {
  return Buffer.from('c'.repeat(beside) + value, 'latin1')
    .toString('latin1')
    .slice(beside)
}

/** What is kept in bytes after something was done so often. */
function keptAfter(times: number, act: (at: number) => void): number {
  collect({ type: 'major' })
  const before = getHeapStatistics().used_heap_size
  for (let at = 0; at < times; at++) act(at)
  collect({ type: 'major' })
  return getHeapStatistics().used_heap_size - before
}

test('a proof that is kept keeps nothing that was read with its token', async () => {
  const claims = Array.from({ length: 30 }, () => gatewayClaims({}))
  const tokens = await Promise.all(
    claims.map(async (one) => mintGatewayCredential(one, keys.EdDSA)),
  )
  const cache = createProofCache(100)
  const judge = judgeBy(gatewayDoor, { ...view, cache })
  const kept = keptAfter(tokens.length, (at) => {
    const token = readWithMuch(tokens[at] ?? '')
    const { kind } = judge({
      gateway: { kind: 'token', token },
      client: missing,
      request: { method: 'GET', target: '/', host: 'a', scheme: 'https', address: undefined },
      environment: undefined,
    })
    assert.equal(kind, 'allow')
  })
  assert.equal(cache.entries, tokens.length)
  assert.ok(kept < (tokens.length * beside) / 2, `${kept} bytes are kept`)
})

test('a long value that may come again keeps nothing that was read with it', () => {
  const value = 'v'.repeat(100)
  const kept = keptAfter(256, (at) => {
    noteValue(at, readWithMuch(value))
    noteValue(at, readWithMuch(value))
  })
  assert.equal(knownValue(Buffer.from(`${value}\r\n`), 0), value)
  assert.ok(kept < (256 * beside) / 2, `${kept} bytes are kept`)
})
