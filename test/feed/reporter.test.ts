import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createReporter } from '../../src/verifier/feed/reporter.ts'
import { createUsageQueue } from '../../src/verifier/feed/usage-queue.ts'

/** A reporter whose reports end when the test says so. */
function start(t: TestContext) {
  const sent: { readonly revision: number; readonly end: (isThrough: boolean) => void }[] = []
  let revision = 1
  const reporter = createReporter({
    queue: createUsageQueue(),
    status() {
      const threads = [revision]
      const place = { epoch: 'e', revision, chain: 'c' }
      return { ...place, threads, freshness: 'fresh', version: '0', expireAfterMs: null }
    },
    connection: {
      report: async () =>
        new Promise((resolve, reject) => {
          const end = (isThrough: boolean) =>
            isThrough ? resolve() : reject(new Error('the connection broke'))
          sent.push({ revision, end })
        }),
    },
  })
  t.after(reporter.close)
  return {
    sent: () => sent.map((each) => each.revision),
    has: (applied: number) => {
      revision = applied
      reporter.soon()
    },
    /** Ends the latest report and lets what follows from that happen. */
    end: async (isThrough: boolean) => {
      sent.at(-1)?.end(isThrough)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

test('what is applied while a report is under way is told right after it, whether it gets through or not', async (t) => {
  for (const isThrough of [true, false]) {
    const { sent, has, end } = start(t)
    has(1)
    has(2)
    has(3)
    assert.deepEqual(sent(), [1])
    await end(isThrough)
    assert.deepEqual(sent(), [1, 3])
    await end(true)
    assert.deepEqual(sent(), [1, 3])
  }
})

test('what did not get through is not tried again and again', async (t) => {
  const { sent, has, end } = start(t)
  has(1)
  await end(false)
  assert.deepEqual(sent(), [1])
  has(2)
  await end(false)
  assert.deepEqual(sent(), [1, 2])
})
