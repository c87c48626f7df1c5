import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { covers, isWithin, rangeOf } from '../../src/credential/address-range.ts'

const octet = fc.nat({ max: 255 })
const v4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'))
const v6 = fc.ipV6()

/** The range of so many bits around an address, as another hand computes it. */
function rangeAround(address: string, bits: number): string {
  const parts = address.split('.').map(Number)
  const whole = parts.reduce((sum, part) => sum * 256 + part, 0)
  const size = 2 ** (32 - bits)
  const start = Math.floor(whole / size) * size
  const text = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256).join('.')
  return `${text}/${bits}`
}

function within(range: string, address: string): boolean {
  const read = rangeOf(range)
  assert.ok(read, range)
  return isWithin([read], address)
}

describe('ranges of addresses', () => {
  test('an IPv4 address is in a range exactly when node says so', () => {
    fc.assert(
      fc.property(v4, v4, fc.nat({ max: 32 }), fc.boolean(), (one, other, bits, near) => {
        const range = rangeAround(one, bits)
        const list = new BlockList()
        list.addSubnet(range.split('/')[0] ?? '', bits)
        const address = near ? `${one.slice(0, one.lastIndexOf('.'))}.${bits * 7}` : other
        assert.equal(within(range, address), list.check(address), `${range} ${address}`)
        assert.equal(within(range, `::ffff:${address}`), list.check(address))
      }),
    )
  })

  test('what is an IPv6 address to node is one here, and the only one in its own range', () => {
    fc.assert(
      fc.property(v6, v6, (one, other) => {
        assert.equal(isIP(one), 6)
        const list = new BlockList()
        list.addAddress(one, 'ipv6')
        assert.ok(within(one, one))
        assert.ok(rangeOf('::/0'))
        const mapped = rangeOf(other)?.parts.length === 4
        if (!mapped) assert.equal(within(one, other), list.check(other, 'ipv6'))
      }),
    )
  })

  test('a range in IPv6 ends where its bits do', () => {
    assert.ok(within('2001:db8::/33', '2001:db8:7fff::1'))
    assert.ok(!within('2001:db8::/33', '2001:db8:8000::1'))
    assert.ok(within('::/0', 'ffff::'))
    assert.ok(!within('::/0', '192.0.2.1'))
    assert.ok(!within('0.0.0.0/0', '::1'))
  })

  test('what is written in any other way is no range', () => {
    const wrong =
      '1 1.2.3 1.2.3.4.5 256.1.1.1 01.2.3.4 1.2.3.4/ 1.2.3.4/33 1.2.3.4/08 1.2.3.4/24 1.2.3.4/-1 ' +
      '0x1.2.3.4 a.b.c.d : ::: 1::2::3 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:8:: ::1/129 ' +
      '::1/127 12345:: fe80::1%eth0 ::ffff:1.2.3.0/120 1.2.3.4:: ::1.2.3 [::1] 1.2.3.4:80 * localhost'
    for (const text of [...wrong.split(' '), '', ' 1.2.3.4', '1.2.3.4 ', '1.2.3.4\n']) {
      assert.equal(rangeOf(text), undefined, text)
    }
    const all = rangeOf('0.0.0.0/0')
    assert.ok(all)
    for (const address of [undefined, '', 'x', '1.2.3', '1.2.3.4, 5.6.7.8', '1'.repeat(1000)]) {
      assert.ok(!isWithin([all], address))
    }
  })

  test('a range covers another exactly when all of the other is in it', () => {
    const cases: readonly (readonly [string, string, boolean])[] = [
      ['10.0.0.0/8', '10.1.0.0/16', true],
      ['10.0.0.0/8', '10.0.0.0/8', true],
      ['10.1.0.0/16', '10.0.0.0/8', false],
      ['10.0.0.0/8', '11.0.0.0/16', false],
      ['::/0', '10.0.0.0/8', false],
      ['2001:db8::/32', '2001:db8::1', true],
    ]
    for (const [one, other, wanted] of cases) {
      const [range, inner] = [rangeOf(one), rangeOf(other)]
      assert.ok(range && inner)
      assert.equal(covers(range, inner), wanted, `${one} ${other}`)
    }
  })
})
