import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { RevocationId } from '../../src/credential/revocation-id.ts'
import { createRevokedSet, viewRevoked, type RevokedSet } from '../../src/standing/revoked-set.ts'
import { createPrng } from '../prng.ts'

/** An id of a number; of two numbers far apart, the same first words. */
function idOf(number: number): RevocationId {
  const digest = createHash('sha256').update(`${number}`).digest()
  const w = (at: number) => digest.readInt32LE(at)
  return { w0: w(0) || 1, w1: w(4), w2: w(8), w3: w(12) }
}

test('nothing is in an empty set', () => {
  const set = createRevokedSet()
  assert.deepEqual([set.entries, set.bytes, set.tables], [0, 0, []])
  assert.equal(viewRevoked(set.tables).has(idOf(1)), false)
  set.drop('none')
  set.replace('none', [], 0)
  assert.equal(viewRevoked(set.tables).has(idOf(1)), false)
})

test('ids that share words, or a place at the end of the table, are told apart', () => {
  const set = createRevokedSet()
  const words = [1, -1, 2 ** 31 - 1, -(2 ** 31)]
  const ids: RevocationId[] = []
  for (const w0 of words) {
    for (const w1 of [...words, 0]) for (const w2 of [0, 1]) ids.push({ w0, w1, w2, w3: 0 })
  }
  const half = ids.filter((_, index) => index % 2 === 0)
  for (const id of half) set.add(id, 'one')
  const view = viewRevoked(set.tables)
  for (const id of ids) assert.equal(view.has(id), half.includes(id))
  assert.equal(set.entries, half.length)
})

test('adding, replacing and dropping agrees with a Set at every step', (t) => {
  const random = createPrng(t)
  const names = ['key-1', 'key-2', 'key-3']
  const set = createRevokedSet()
  const model = new Map<string, Set<number>>()
  const wanted = () => [...model.values()].reduce((sum, { size }) => sum + size, 0)
  let tables = set.tables
  for (let step = 0; step < 6000; step++) {
    const name = names[random(names.length)] ?? ''
    const chance = random(1000)
    if (chance < 2) {
      set.drop(name)
      model.delete(name)
    } else if (chance < 5) {
      const ids = Array.from({ length: random(2000) }, () => random(20_000))
      set.replace(name, ids.map(idOf), chance < 4 ? ids.length : 0)
      model.set(name, new Set(ids))
    } else {
      const number = random(20_000)
      set.add(idOf(number), name)
      model.set(name, (model.get(name) ?? new Set()).add(number))
    }
    if (step % 20 !== 0 && set.tables === tables) continue
    tables = set.tables
    const view = viewRevoked(tables)
    for (let look = 0; look < 20; look++) {
      const number = random(20_000)
      const held = [...model.values()].some((ids) => ids.has(number))
      assert.equal(view.has(idOf(number)), held)
    }
    assert.equal(set.entries, wanted())
  }
  const view = viewRevoked(set.tables)
  const isHeld = (number: number) => [...model.values()].some((ids) => ids.has(number))
  for (let number = 0; number < 20_000; number++) {
    assert.equal(view.has(idOf(number)), isHeld(number))
  }
})

/** Ids that are as good as random, without hashing a million of them. */
function* cheapIds(count: number): Iterable<RevocationId> {
  let state = 1
  const word = () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    return Math.imul(state ^ (state >>> 12), 0x297a2d39) | 0
  }
  for (let at = 0; at < count; at++) yield { w0: word() || 1, w1: word(), w2: word(), w3: at }
}

test('from a million ids on, an id takes 34 bytes at the most', () => {
  const whole = createRevokedSet()
  whole.replace('all', cheapIds(1_000_000), 1_000_000)
  assert.equal(whole.entries, 1_000_000)
  assert.ok(whole.bytes / whole.entries <= 34, `${whole.bytes / whole.entries}`)

  const grown = createRevokedSet()
  let worst = 0
  let moving = 0
  for (const id of cheapIds(1_200_000)) {
    grown.add(id, 'all')
    if (grown.entries < 1_000_000) continue
    // While it grows there are two tables, for a moment.
    if (grown.tables.length > 1) moving++
    else worst = Math.max(worst, grown.bytes / grown.entries)
  }
  assert.equal(grown.entries, 1_200_000)
  assert.ok(worst <= 34, `${worst}`)
  assert.ok(moving < 10_000, `${moving}`)
  const view = viewRevoked(grown.tables)
  let missing = 0
  for (const id of cheapIds(1_200_000)) missing += view.has(id) ? 0 : 1
  assert.equal(missing, 0)
})

test('a segment that is moved takes the place of another, and is asked by itself', () => {
  const set = createRevokedSet()
  set.add(idOf(1), 'one')
  set.add(idOf(2), 'other')
  assert.deepEqual([set.has(idOf(1), 'one'), set.has(idOf(1), 'other')], [true, false])
  set.move('one', 'other')
  assert.deepEqual([set.segments(), set.entries], [['other'], 1])
  assert.deepEqual([set.has(idOf(1), 'other'), set.has(idOf(2), 'other')], [true, false])
  const view = viewRevoked(set.tables)
  assert.deepEqual([view.has(idOf(1)), view.has(idOf(2))], [true, false])
  set.move('none', 'other')
  assert.deepEqual([set.segments(), set.has(idOf(1), 'none')], [['other'], false])
})

test('whoever looks between two words of an id that is being written finds no part of it', () => {
  const set = createRevokedSet()
  set.replace('all', [], 1)
  const view = viewRevoked(set.tables)
  const [w0, w1, w2, w3] = [5, 3, 4, 6]
  // All of them, and the whole, are looked for from the same slot on.
  const parts: readonly RevocationId[] = [
    { w0, w1: 0, w2: 0, w3: 0 },
    { w0, w1, w2: 0, w3: 0 },
    { w0, w1, w2, w3: 0 },
  ]
  let looks = 0
  // Two threads would hardly see it: the words are written within nanoseconds, and get to another core together.
  const looked = (word: number) => {
    looks += 1
    for (const part of parts) assert.equal(view.has(part), false)
    return word
  }
  const id: RevocationId = {
    w0,
    get w1() {
      return looked(w1)
    },
    get w2() {
      return looked(w2)
    },
    get w3() {
      return looked(w3)
    },
  }
  set.add(id, 'all')
  assert.ok(looks >= 3)
  for (const part of parts) assert.equal(view.has(part), false)
  assert.ok(view.has({ w0, w1, w2, w3 }))
})

// Looks without a pause for ids that are being added, and for such as would be seen if an id were found in parts.
const reader = `
  import { parentPort, workerData } from 'node:worker_threads'
  import { viewRevoked } from ${JSON.stringify(new URL('../../src/standing/revoked-set.ts', import.meta.url).href)}
  const { tables, count, done } = workerData
  const view = viewRevoked(tables)
  const id = (n, w3) => ({ w0: Math.imul(n + 1, 0x9e3779b1) | 1, w1: Math.imul(n, 0x85ebca6b), w2: n, w3 })
  let torn = 0, lost = 0, seen = 0, rounds = 0
  const found = new Uint8Array(count)
  parentPort.postMessage('looking')
  while (Atomics.load(done, 0) === 0 || rounds++ < 1) {
    for (let n = 0; n < count; n++) {
      const has = view.has(id(n, ~n))
      if (view.has(id(n, 0))) torn++
      if (found[n] && !has) lost++
      if (has && !found[n]) { found[n] = 1; seen++ }
    }
  }
  parentPort.postMessage({ torn, lost, seen })
`

test('a thread that looks while another one fills finds an id wholly or not at all, and never loses it', async () => {
  const count = 20_000
  const set: RevokedSet = createRevokedSet()
  set.replace('all', [], count)
  const done = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(reader)}`), {
    workerData: { tables: set.tables, count, done },
  })
  await once(worker, 'message')
  for (let n = 0; n < count; n++) {
    const w0 = Math.imul(n + 1, 0x9e3779b1) | 1
    set.add({ w0, w1: Math.imul(n, 0x85ebca6b), w2: n, w3: ~n }, 'all')
  }
  Atomics.store(done, 0, 1)
  const [report] = await once(worker, 'message')
  assert.deepEqual(report, { torn: 0, lost: 0, seen: count })
  await worker.terminate()
})
