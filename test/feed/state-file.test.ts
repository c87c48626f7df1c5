import assert from 'node:assert/strict'
import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { revocationId } from '../../src/credential/revocation-id.ts'
import { parseJsonObject, type JsonObject } from '../../src/credential/strict-json.ts'
import { isRevision, type Revision, type StandingFacts } from '../../src/standing/standing.ts'
import { loadable } from '../../src/standing/snapshot-body.ts'
import { viewRevoked } from '../../src/standing/revoked-set.ts'
import { createLogMarks, readLogMarks } from '../../src/verifier/feed/log-marks.ts'
import { createStateFile } from '../../src/verifier/feed/state-file.ts'
import { createStandingKeeper } from '../../src/verifier/standing-keeper.ts'
import { stateFolder } from './fleet.ts'

const none = Buffer.alloc(0)
const keys = { first: parse('{"kty":"OKP"}'), announcements: [] }
const head = {
  epoch: 'e',
  revision: 7,
  heartbeat: { arrivedWall: 1, at: 1, expireAfterMs: 1, auditHead: '' },
  keys,
}
const begun = { manifest: 'manifest', body: Buffer.from('body'), lines: ['one'], former: none }

describe('the files of a state', () => {
  test('hold what was added though the head was not written again', async () => {
    const { path, remove } = stateFolder()
    const state = createStateFile(join(path, 'state'), 'verifier')
    await state.begin(begun, head)
    await state.append(['two', 'three'])
    await state.append(['four'])
    await state.close()
    const again = createStateFile(join(path, 'state'), 'verifier')
    const found = await again.load()
    await again.close()
    assert.ok(found.kind === 'state')
    assert.deepEqual(found.state.lines, ['one', 'two', 'three', 'four'])
    remove()
  })

  test('are no state once any byte of the log is another one or is missing', async () => {
    const { path, remove } = stateFolder()
    const state = createStateFile(join(path, 'state'), 'verifier')
    await state.begin(begun, head)
    await state.append(['two'])
    await state.close()
    const log = join(path, readdirSync(path).find((file) => file.endsWith('.log')) ?? '')
    const whole = readFileSync(log)
    const load = async () => {
      const one = createStateFile(join(path, 'state'), 'verifier')
      const { kind } = await one.load()
      await one.close()
      return kind
    }
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ 4
      writeFileSync(log, flipped)
      assert.equal(await load(), 'broken', `a flipped bit at ${at}`)
      writeFileSync(log, whole)
      truncateSync(log, at)
      assert.equal(await load(), 'broken', `cut at ${at}`)
    }
    writeFileSync(log, Buffer.concat([whole, Buffer.from('never acknowledged')]))
    assert.equal(await load(), 'state')
    remove()
  })

  test('the mark of before stands until the next one does', () => {
    const first = createLogMarks()
    const second = first.after(10)
    const log = Buffer.concat([second.bytes(), Buffer.alloc(10)])
    assert.equal(readLogMarks(log)?.end, second.end)
    assert.equal(readLogMarks(log.subarray(0, -1)), undefined)
    const third = second.after(5).bytes()
    const changed = [0, 16].filter(
      (at) => !third.subarray(at, at + 16).equals(log.subarray(at, at + 16)),
    )
    assert.equal(changed.length, 1)
  })
})

const snapshotOf = (epoch: string, revision: number, jtis: readonly string[]) => ({
  epoch,
  revision: revisionOf(revision),
  at: 1,
  issuers: [],
  revoked: jtis.map((jti) => ({ issuer: 'i', jti, kid: 'k', exp: undefined })),
  gateways: [],
  environments: [],
  clients: [],
  marks: [],
})
const keeperOf = () => {
  let facts: StandingFacts | undefined
  const publish = async (next: StandingFacts) => {
    facts = next
  }
  const keeper = createStandingKeeper({ publish, held: false, wall: Date.now })
  const holds = (jti: string) => viewRevoked(facts?.revokedTables ?? []).has(revocationId('i', jti))
  return { keeper, holds }
}

describe('another epoch', () => {
  test('takes no revocation back, nor does a second snapshot of it, nor a restart', async () => {
    const { keeper, holds } = keeperOf()
    await keeper.load(loadable(snapshotOf('one', 5, ['a', 'b'])))
    await keeper.load(loadable(snapshotOf('two', 2, ['c'])))
    await keeper.load(loadable(snapshotOf('two', 3, ['d'])))
    assert.deepEqual(['a', 'b', 'c', 'd'].map(holds), [true, true, false, true])
    const again = keeperOf()
    await again.keeper.load(loadable(snapshotOf('two', 3, ['d'])))
    assert.equal(again.holds('a'), false)
    assert.equal(await again.keeper.remember(keeper.former()), true)
    assert.deepEqual(['a', 'b', 'd'].map(again.holds), [true, true, true])
    assert.equal(await again.keeper.remember(keeper.former().subarray(1)), false)
  })

  test('what was revoked in former ones goes once its key is retired', async () => {
    const { keeper, holds } = keeperOf()
    const jwks = parse('{"keys":[]}')
    const issuer = { name: 'i', jwks, gatewayAudiences: ['g'], clientAudiences: [] }
    await keeper.load(loadable({ ...snapshotOf('one', 5, ['a']), issuers: [issuer] }))
    await keeper.load(loadable({ ...snapshotOf('two', 2, []), issuers: [issuer] }))
    assert.equal(holds('a'), true)
    const place = { epoch: 'two', revision: revisionOf(3), previous: revisionOf(2), at: 1 }
    await keeper.apply([{ kind: 'key-retired', issuer: 'i', kid: 'k', ...place }])
    assert.equal(holds('a'), false)
    assert.deepEqual(keeper.former(), none)
  })
})

function parse(text: string): JsonObject {
  return parseJsonObject(Buffer.from(text)) ?? {}
}

function revisionOf(value: number): Revision {
  assert.ok(isRevision(value))
  return value
}
