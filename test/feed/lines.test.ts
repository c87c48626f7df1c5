import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { readLines } from '../../src/verifier/feed/lines.ts'
import { FeedTrouble } from '../../src/verifier/feed/trouble.ts'

const deadlineMs = 2000

/** Reads what is written, by timers that are moved by hand. */
function reading(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const body = new PassThrough()
  const came: (readonly string[])[] = []
  const ended = (async () => {
    try {
      for await (const lines of readLines(body, deadlineMs)) came.push(lines)
      return 'nothing'
    } catch (error) {
      return error instanceof FeedTrouble ? error.code : String(error)
    }
  })()
  const write = async (text: string) => {
    body.write(text)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { body, came, ended, write, pass: (ms: number) => t.mock.timers.tick(ms) }
}

test('lines that come together are given together, and one that comes in pieces once it is whole', async (t) => {
  const { body, came, ended, write } = reading(t)
  await write('one\ntwo\nthr')
  await write('ee\n')
  body.end()
  assert.equal(await ended, 'ended')
  assert.deepEqual(came, [['one', 'two'], ['three']])
})

test('bytes that dribble in are no news: a whole line has to come within each deadline', async (t) => {
  const { came, ended, write, pass } = reading(t)
  await write('one\n')
  pass(deadlineMs - 1)
  await write('two\n')
  for (let seconds = 0; seconds < 2; seconds++) {
    pass(deadlineMs / 2)
    await write('x')
  }
  assert.equal(await ended, 'silent')
  assert.deepEqual(came, [['one'], ['two']])
})

test('a line without an end is not gathered for ever', async (t) => {
  const { ended, write } = reading(t)
  for (let mebibytes = 0; mebibytes < 2; mebibytes++) await write('x'.repeat(1024 * 1024))
  assert.equal(await ended, 'too-large')
})
