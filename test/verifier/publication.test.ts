import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { createRevokedSet } from '../../src/standing/revoked-set.ts'
import {
  createPublicationNumber,
  createSubscriber,
  type Publication,
} from '../../src/verifier/publication.ts'
import { factsOf, newModel, revisionOf } from '../decision/model.ts'
import { until } from './running.ts'

const { tables } = createRevokedSet()
const factsAt = (revision: number) => factsOf(newModel(0), revisionOf(revision), tables)
const whole = (number: number): Publication => ({
  number,
  update: { kind: 'whole', facts: factsAt(number) },
})
const disabling = (number: number, id: string): Publication => ({
  number,
  update: {
    kind: 'patch',
    patch: { revision: revisionOf(number), gateways: new Map([[id, 'disabled']]) },
  },
})

/** The two sides of a port: what is posted, and who follows it. */
function followed(t: TestContext, first?: Publication) {
  const { port1, port2 } = new MessageChannel()
  const number = createPublicationNumber()
  Atomics.store(number, 0, first?.number ?? 0)
  const told: number[] = []
  const parts = { port: port2, number, first, onApplied: (applied: number) => told.push(applied) }
  const { standing } = createSubscriber(parts)
  t.after(() => port1.close())
  return {
    told,
    post: (publication: Publication) => port1.postMessage(publication),
    raise: (to: number) => Atomics.store(number, 0, to),
    /** By what a question would be judged at this moment. */
    revision: () => standing()?.revision,
    gateways: () => [...(standing()?.gateways.keys() ?? [])],
  }
}

test('AT-22: no question is judged by an older standing once the number is raised, not even in the same turn', async (t) => {
  const { told, post, raise, revision, gateways } = followed(t, whole(1))
  assert.equal(revision(), 1)
  for (const publication of [whole(2), disabling(3, 'g-1'), disabling(4, 'g-2')]) {
    post(publication)
    raise(publication.number)
    assert.equal(revision(), publication.number)
  }
  assert.deepEqual(gateways(), ['g-2'])
  for (const number of [5, 6, 7]) post(disabling(number, `g-${number}`))
  raise(7)
  assert.deepEqual([revision(), gateways()], [7, ['g-7']])
  // What was answered before has been written by the turn in which it is told.
  assert.deepEqual(told, [])
  await until(() => told.length > 0)
  assert.deepEqual(told, [7])
})

test('what is posted is taken and told by who is asked nothing, too', async (t) => {
  const { told, post, raise, revision } = followed(t)
  assert.equal(revision(), undefined)
  post(whole(1))
  raise(1)
  await until(() => told.length > 0)
  assert.deepEqual([told, revision()], [[1], 1])
})
