import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as always, constantFrom, nat, oneof, property, tuple } from 'fast-check'
import { parseDuration, parseSize, printDuration, printSize } from '../../src/config/units.ts'

const amounts = oneof(
  nat({ max: Number.MAX_SAFE_INTEGER }),
  tuple(nat({ max: 10_000 }), constantFrom(1000, 60_000, 3_600_000, 1024, 1024 ** 2)).map(
    ([many, unit]) => many * unit,
  ),
)

test('every duration is read back from what is printed of it', () => {
  always(property(amounts, (value) => parseDuration(printDuration(value)) === value))
})

test('every size is read back from what is printed of it', () => {
  always(property(amounts, (value) => parseSize(printSize(value)) === value))
})

test('durations and sizes have the worth that they are written with', () => {
  const durations = { '250ms': 250, '15s': 15_000, '5m': 300_000, '1h': 3_600_000, '30d': 2_592e6 }
  for (const [written, worth] of Object.entries(durations)) {
    assert.equal(parseDuration(written), worth)
    assert.equal(printDuration(worth), written)
  }
  const sizes = { '512B': 512, '64KiB': 65_536, '1MiB': 1_048_576, '2GiB': 2_147_483_648 }
  for (const [written, worth] of Object.entries(sizes)) {
    assert.equal(parseSize(written), worth)
    assert.equal(printSize(worth), written)
  }
})

test('whatever has no unit, a sign, a fraction, a space or too many digits is neither', () => {
  for (const written of [
    '',
    '15',
    's',
    '-1s',
    '1.5s',
    '1 s',
    '1h30m',
    '1S',
    '9007199254740993ms',
  ]) {
    assert.equal(parseDuration(written), undefined, written)
  }
  for (const written of ['64', '64KB', '64K', '1e3B', '-1B', '0x10B', '9999999999GiB']) {
    assert.equal(parseSize(written), undefined, written)
  }
})
