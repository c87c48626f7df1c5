import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Store } from '../../src/store/store.ts'
import { readEnrolment } from '../../src/verifier/feed/enrolment.ts'
import { openHouse } from '../authority/house.ts'
import { enrol } from './fleet.ts'

/** A store whose next write waits, once that is asked for. */
function holdable() {
  let next: { readonly held: () => void; readonly free: Promise<void> } | undefined
  const wrap = (store: Store): Store => ({
    ...store,
    async write(work) {
      const hold = next
      next = undefined
      hold?.held()
      await hold?.free
      return store.write(work)
    },
  })
  const holdNext = () => {
    const [held, free] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    next = { held: held.resolve, free: free.promise }
    return { held: held.promise, free: free.resolve }
  }
  return { wrap, holdNext }
}

describe('an enrolment that is revoked', () => {
  test('while its verifier is about to follow gives it no feed', async () => {
    const { wrap, holdNext } = holdable()
    const house = await openHouse({ wrap })
    try {
      const { id, secret } = readEnrolment(await enrol(house, 'one')) ?? assert.fail()
      const { held, free } = holdNext()
      const headers = { authorization: `Bearer ${id}.${secret}` }
      const signal = AbortSignal.timeout(3000)
      const followed = fetch(`${house.url}/feed?after=0`, { headers, signal })
        .then((answer) => answer.text())
        .catch((error: unknown) => (error instanceof Error ? error.name : assert.fail()))
      await held
      const path = `/v1/organizations/${house.organizationId}/verifiers/${id}`
      assert.equal((await house.ask('DELETE', path)).status, 204)
      free()
      assert.notEqual(await followed, 'TimeoutError', 'it goes on being told')
      const again = await fetch(`${house.url}/feed?after=0`, { headers })
      assert.equal(again.status, 401)
    } finally {
      await house.close()
    }
  })
})
