import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseH2load } from '../../bench/load/h2load.ts'
import { parseWrk } from '../../bench/load/wrk.ts'
import { parseOptions } from '../../bench/options.ts'
import { budgetTable, compare, comparisonTable, outcomeTable } from '../../bench/report.ts'
import type { Outcome, Round } from '../../bench/rounds.ts'
import { comparisons, selectTargets, targets } from '../../bench/targets.ts'

const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name)

const round = (cpuMicros: number): Round => ({
  answered: 10,
  wrong: 1,
  seconds: 1,
  p50Ms: 1,
  p99Ms: 2,
  cpuMicros,
  userMicros: cpuMicros,
  systemMicros: 0,
  rssBytes: 1e6,
  requestsPerSecond: 10,
})
const outcome = (target: string, cpuMicros: readonly number[]): Outcome => ({
  target,
  load: 'wrk',
  rounds: cpuMicros.map(round),
})

describe('what the benchmark is asked for', () => {
  const all = [{ name: 'bare-node' }, { name: 'bare-verify-es256' }, { name: 'nginx' }]

  test('a word chooses the target of that name, and the family whose name it begins', () => {
    assert.deepEqual(names(selectTargets(all, ['nginx'])), ['nginx'])
    assert.deepEqual(names(selectTargets(all, ['bare'])), ['bare-node', 'bare-verify-es256'])
    assert.deepEqual(names(selectTargets(all, [])), names(all))
  })

  test('a word that chooses nothing is an error, not an empty run', () => {
    assert.throws(() => selectTargets(all, ['nginx', 'ngin']), /no target is called "ngin"/)
  })

  test('a number of rounds that is none is refused', () => {
    for (const text of ['0', '-1', '1.5', 'many', '']) {
      assert.throws(() => parseOptions([`--rounds=${text}`]), TypeError)
    }
    assert.equal(parseOptions(['--rounds', '7', 'nginx']).rounds, 7)
  })

  test('every comparison is between two targets that exist', () => {
    for (const { target, against } of comparisons) {
      assert.ok(names(targets).includes(target), target)
      assert.ok(names(targets).includes(against), against)
    }
  })

  test('no two targets share a name', () => {
    assert.equal(new Set(names(targets)).size, targets.length)
  })
})

describe('what the benchmark reads and reports', () => {
  test('wrk answers that are not 200 count as wrong, and so do broken connections', () => {
    const line =
      '{"completed":100,"status":7,"broken":3,"micros":2000000,"p50Micros":1500,"p99Micros":9000}'
    const seen = { answered: 93, wrong: 10, seconds: 2, p50Ms: 1.5, p99Ms: 9 }
    assert.deepEqual(parseWrk(`Running 2s test\n  1 threads\n\n${line}\n`), seen)
  })

  test('wrk that prints no result is an error', () => {
    assert.throws(() => parseWrk('unable to connect\n'), /no result/)
  })

  test('h2load’s figures are read, and what was not answered is counted', () => {
    const printed = [
      'requests: 100 total, 90 started, 90 done, 88 succeeded, 2 failed, 1 errored, 1 timeout',
      'status codes: 87 2xx, 0 3xx, 1 4xx, 0 5xx',
      'time for request:      200us      2.50s     1.50ms      800us    90.00%',
    ]
    const seen = { answered: 87, wrong: 4, seconds: 2, p50Ms: 1.5, p99Ms: 2500 }
    assert.deepEqual(parseH2load(printed.join('\n'), 2), seen)
    assert.throws(() => parseH2load('unable to connect', 2), /no result/)
  })

  test('a budget is kept or not', () => {
    const outcomes = [outcome('ours', [30, 31, 50])]
    assert.match(budgetTable([{ target: 'ours', micros: 30 }], outcomes), /≤ 30 NO/)
    assert.match(budgetTable([{ target: 'ours', micros: 31 }], outcomes), /≤ 31 yes/)
    assert.equal(budgetTable([{ target: 'other', micros: 31 }], outcomes), '')
  })

  test('a target that did not run is reported with its reason and compared with nothing', () => {
    const absent = { target: 'peer', load: '', rounds: [], notRun: 'it is not installed' }
    const outcomes = [outcome('ours', [1, 2]), absent]
    assert.match(outcomeTable(outcomes), /^peer: not run: it is not installed$/m)
    assert.deepEqual(compare([{ target: 'ours', against: 'peer' }], outcomes), [])
    assert.deepEqual(compare([{ target: 'peer', against: 'ours' }], outcomes), [])
  })

  test('a promise that is missed says NO', () => {
    const outcomes = [outcome('ours', [3, 3, 30]), outcome('peer', [2, 2, 20])]
    const printed = (reach: number) =>
      comparisonTable(compare([{ target: 'ours', against: 'peer', reach }], outcomes))
    assert.match(printed(1.4), /ours \/ peer +wrk +1\.50 \(1\.50–1\.50\) +≤ 1\.4 NO/)
    assert.match(printed(1.5), /≤ 1\.5 yes/)
  })
})
