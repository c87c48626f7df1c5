import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bucketQuantile, ratios, spread } from '../../bench/statistics.ts'

describe('what the benchmark makes of its figures', () => {
  test('the median of an odd number of rounds is the one in the middle, whatever their order', () => {
    assert.deepEqual(spread([9, 1, 5]), { median: 5, min: 1, max: 9 })
  })

  test('the median of an even number of rounds lies between the two in the middle', () => {
    assert.deepEqual(spread([4, 1, 100, 2]), { median: 3, min: 1, max: 100 })
  })

  test('figures are ordered as numbers, not as text', () => {
    assert.equal(spread([10, 9, 100]).median, 10)
  })

  test('no rounds, or a figure that is none, are an error and not a median', () => {
    assert.throws(() => spread([]), TypeError)
    assert.throws(() => spread([1, Number.NaN]), TypeError)
  })

  test('a ratio is taken round by round, so that a slow round does not count against one side', () => {
    assert.deepEqual(ratios([2, 20, 4], [1, 10, 2]), { median: 2, min: 2, max: 2 })
  })

  test('ratios of unequal numbers of rounds are an error', () => {
    assert.throws(() => ratios([1, 2], [1]), TypeError)
  })

  test('a quantile of a histogram is the upper edge of the bucket that it falls into', () => {
    const buckets = Uint32Array.from([0, 98, 1, 0, 1])
    assert.equal(bucketQuantile(buckets, 0.5, 0.5), 1)
    assert.equal(bucketQuantile(buckets, 0.5, 0.99), 1.5)
    assert.equal(bucketQuantile(buckets, 0.5, 1), 2.5)
  })

  test('an empty histogram has no quantile', () => {
    assert.throws(() => bucketQuantile(new Uint32Array(3), 1, 0.5), TypeError)
  })
})
