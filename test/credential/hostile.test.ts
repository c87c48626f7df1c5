import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { prove } from '../../src/credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../../src/credential/time.ts'
import { tokenCases } from './cases.ts'
import { forge } from './forge.ts'
import { rings, target } from './target.ts'

const cases = tokenCases()

describe('a credential cannot be forged', () => {
  for (const { id, title, at = 'door', now = 0, want, ...recipe } of cases) {
    test(`${id}: ${title}`, () => {
      const outcome = prove(
        forge(recipe, target),
        rings[at],
        epochSeconds(target.now + now),
        defaultLeeway,
      )
      assert.equal(typeof outcome === 'string' ? outcome : 'proof', want)
    })
  }
})

const ids = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 61, 62, 63, 71, 72].map(
    (number) => `AT-${`${number}`.padStart(2, '0')}`,
  ),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 20].map((number) => `J${number}`),
]

test('each attack that has a number has a case', () => {
  const covered = new Set(cases.flatMap(({ id }) => id.split(' ')))
  assert.deepEqual(
    ids.filter((id) => !covered.has(id)),
    [],
  )
})

test('an attack has one title, and each case its own', () => {
  const titles = cases.map(({ title }) => title)
  assert.equal(new Set(titles).size, titles.length)
})
