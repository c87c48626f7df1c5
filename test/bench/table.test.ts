import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { figure, figureWithSpread, table } from '../../bench/table.ts'

describe('how the benchmark prints figures', () => {
  test('columns line up: names to the left, figures to the right', () => {
    const printed = table(
      ['target', 'req/s'],
      [
        ['a', '10,000'],
        ['longer', '9'],
      ],
    )
    assert.equal(printed, 'target   req/s\na       10,000\nlonger       9')
  })

  test('three digits count, and thousands are set apart', () => {
    assert.deepEqual([0.123_45, 9.999, 12.34, 99.96, 123.6, 12_345.6].map(figure), [
      '0.123',
      '10.0',
      '12.3',
      '100',
      '124',
      '12,346',
    ])
  })

  test('a median is never printed without what it lies between', () => {
    assert.equal(figureWithSpread({ median: 2, min: 1.5, max: 100 }), '2.00 (1.50–100)')
  })
})
