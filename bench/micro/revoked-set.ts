// What it costs to ask whether a token is revoked, however many are, and to revoke one more.

import { createHash, randomBytes } from 'node:crypto'
import { revocationId, type RevocationId } from '../../src/credential/revocation-id.ts'
import { createRevokedSet, viewRevoked, type RevokedSet } from '../../src/standing/revoked-set.ts'
import { issuer } from '../material.ts'
import { repeat, type Micro, type MicroGroup } from '../micro.ts'

const segment = 'one'
const asked = 1000
const sizes = [0, 100_000, 1_000_000]

/** The revoked set in several sizes, beside a set of texts. */
export const micro: Micro = {
  prepare: async () => [...sizes.map(asking), adding(), naming()],
}

function asking(size: number): MicroGroup {
  const ids = Array.from({ length: size }, randomId)
  const strangers = Array.from({ length: asked }, randomId)
  const revoked = setOf(ids)
  const view = viewRevoked(revoked.tables)
  const texts = new Set(ids.map(textOf))
  const strangersAsTexts = strangers.map(textOf)
  const each = size === 0 ? '' : `, ${(revoked.bytes / size).toFixed(1)} bytes each`
  const group = [
    repeat(
      'Set of texts whose hash is known, not in it',
      (turn) => !texts.has(strangersAsTexts[turn % asked] ?? ''),
    ),
    repeat('the revoked set, not in it', (turn) => !view.has(pick(strangers, turn))),
  ]
  const some = ids.slice(0, asked)
  const present = repeat('the revoked set, in it', (turn) => view.has(pick(some, turn)))
  return {
    name: `an id among ${size.toLocaleString('en')} revoked ones${each}`,
    cases: size === 0 ? group : [...group, present],
  }
}

function adding(): MicroGroup {
  return {
    name: 'one more id, from an empty set on',
    cases: [
      {
        name: 'the size is known',
        run: (count) => createRevokedSet().replace(segment, counted(count), count),
      },
      {
        name: 'one after another, growing',
        run: (count) => {
          const set = createRevokedSet()
          for (const id of counted(count)) set.add(id, segment)
        },
      },
    ],
  }
}

function naming(): MicroGroup {
  const jtis = Array.from({ length: asked }, () => randomBytes(16).toString('hex'))
  const jti = (turn: number) => jtis[turn % asked] ?? ''
  return {
    name: 'the id of a token',
    cases: [
      repeat('createHash', (turn) => {
        return (
          createHash('sha256').update(issuer).update('\n').update(jti(turn)).digest().length > 0
        )
      }),
      repeat('revocationId', (turn) => revocationId(issuer, jti(turn)).w0 !== 0),
    ],
  }
}

function setOf(ids: readonly RevocationId[]): RevokedSet {
  const set = createRevokedSet()
  set.replace(segment, ids, ids.length)
  return set
}

function pick(ids: readonly RevocationId[], turn: number): RevocationId {
  const id = ids[turn % ids.length]
  if (!id) throw new TypeError('there is no id')
  return id
}

function* counted(count: number): Generator<RevocationId> {
  // The second word says where an id lies; this multiplier takes numbers in a row far from one another.
  for (let at = 0; at < count; at += 1) {
    yield { w0: 1, w1: Math.imul(at, 0x9e3779b1), w2: at, w3: 0 }
  }
}

function randomId(): RevocationId {
  const bytes = randomBytes(16)
  return {
    w0: bytes.readInt32LE(0) || 1,
    w1: bytes.readInt32LE(4),
    w2: bytes.readInt32LE(8),
    w3: bytes.readInt32LE(12),
  }
}

function textOf({ w0, w1, w2, w3 }: RevocationId): string {
  return [w0, w1, w2, w3].join('.')
}
