import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseStat, processTree } from '../../bench/process-time.ts'

describe('processor time of a process tree', () => {
  test('user and system time include those of children that have ended', () => {
    const line =
      '417 (nginx) S 99 417 417 0 -1 4194304 100 0 0 0 30 20 5 1 20 0 1 0 1000 9999 777 18446744073709551615'
    assert.deepEqual(parseStat(line), { parent: 99, userMs: 350, systemMs: 210 })
  })

  test('a program whose name holds spaces and brackets does not shift the fields', () => {
    const line = '417 (a) b (c) 1 2 3) R 99 417 417 0 -1 4194304 100 0 0 0 30 20 0 0 20 0 1 0 1 2 3'
    assert.deepEqual(parseStat(line), { parent: 99, userMs: 300, systemMs: 200 })
  })

  test('a tree holds the root and all its descendants, and no other process', () => {
    const parents = new Map([
      [1, 0],
      [10, 1],
      [11, 10],
      [12, 10],
      [13, 12],
      [20, 1],
    ])
    assert.deepEqual(
      processTree(10, parents).toSorted((a, b) => a - b),
      [10, 11, 12, 13],
    )
  })
})
