import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { algorithms } from '../../src/credential/algorithm.ts'
import { createKeyRing } from '../../src/credential/key-ring.ts'
import { importKeySet, type KeySet, type UnusableKeyReason } from '../../src/credential/key-set.ts'
import {
  parseJsonObject,
  type JsonObject,
  type JsonValue,
} from '../../src/credential/strict-json.ts'
import { keys } from './installation.ts'
import { signers } from './target.ts'

/** A key set as data: a key of the test with changes, any JSON, or the text of the whole set. */
interface KeySetCase {
  readonly id: string
  readonly title: string
  readonly keys?: readonly (ChangedKey | { readonly jwk: JsonValue })[]
  readonly text?: string
  /** What becomes of each key, in order. */
  readonly want: 'no set' | readonly ('usable' | UnusableKeyReason)[]
}

interface ChangedKey {
  readonly key: string
  readonly private?: boolean
  readonly set?: JsonObject
  readonly remove?: readonly string[]
}

const cases: readonly KeySetCase[] = JSON.parse(
  readFileSync(new URL('../cases/key-sets.json', import.meta.url), 'utf8'),
)

describe('no key is trusted that should not be', () => {
  for (const { id, title, want, ...one } of cases) {
    test(`${id}: ${title}`, async () => {
      assert.deepEqual(fates(await importKeySet(read(one), algorithms)), want)
    })
  }

  test('J3: a key of an algorithm that its issuer may not use is left out', async () => {
    const set = await importKeySet(read({ keys: [{ key: 'RS256' }, { key: 'ES256' }] }), ['ES256'])
    assert.deepEqual(fates(set), ['algorithm is not allowed for this issuer', 'usable'])
  })

  test('J10: what says that a key cannot be used never quotes it', async () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ'
    const jwks = {
      keys: [
        { kty: 'oct', k: secret },
        { kty: 'RSA', n: secret, e: secret, d: secret },
      ],
    }
    const set = await importKeySet(jwks, algorithms)
    assert.ok(!JSON.stringify(set?.unusable).includes(secret))
  })
})

describe('a ring', () => {
  const [first, second] = [trusted('RS256', 'same'), trusted('ES256', 'same')]
  const issuer = { name: 'https://warder.test', profiles: [] }

  test('cannot be made of an issuer with one kid for two keys', () => {
    assert.throws(() => createKeyRing(1, [{ ...issuer, keys: [first, second] }]), TypeError)
  })

  test('cannot be made of one issuer named twice', () => {
    const twice = [
      { ...issuer, keys: [first] },
      { ...issuer, keys: [second] },
    ]
    assert.throws(() => createKeyRing(1, twice), TypeError)
  })

  test('finds no key for a token without kid where there is more than one', () => {
    const nameless = trusted('EdDSA', undefined)
    const alone = createKeyRing(1, [{ ...issuer, keys: [nameless] }]).issuer(issuer.name)
    const beside = createKeyRing(1, [{ ...issuer, keys: [first, nameless] }]).issuer(issuer.name)
    assert.equal(alone?.key(undefined), nameless)
    assert.equal(beside?.key(undefined), undefined)
  })

  test('knows no issuer and no key by the name of a member of every object', () => {
    const ring = createKeyRing(1, [{ ...issuer, keys: [first] }])
    for (const name of ['__proto__', 'constructor', 'toString', '']) {
      assert.equal(ring.issuer(name), undefined)
      assert.equal(ring.issuer(issuer.name)?.key(name), undefined)
    }
  })
})

function trusted(algorithm: 'RS256' | 'ES256' | 'EdDSA', kid: string | undefined) {
  return { kid, algorithm, publicKey: keys[algorithm].publicKey, thumbprint: '' }
}

/** What has become of each key, in order. */
function fates(set: KeySet | undefined) {
  if (!set) return 'no set'
  const fate = new Map<number, string>(set.unusable.map(({ index, reason }) => [index, reason]))
  const count = set.keys.length + set.unusable.length
  return Array.from({ length: count }, (_, index) => fate.get(index) ?? 'usable')
}

function read({ keys: list = [], text }: Pick<KeySetCase, 'keys' | 'text'>) {
  const json = text ?? JSON.stringify({ keys: list.map((key) => jwkOf(key)) })
  const filled = json.replaceAll(/\$\{repeat:(\d+):([^}]*)\}/g, (_, count: string, unit: string) =>
    unit.repeat(Number(count)),
  )
  return parseJsonObject(Buffer.from(filled))
}

function jwkOf(one: ChangedKey | { readonly jwk: JsonValue }) {
  if ('jwk' in one) return one.jwk
  const signer = signers[one.key]
  if (!signer) throw new TypeError(`no signer ${one.key}`)
  const { kid, algorithm: alg, privateKey, publicKey } = signer
  const material = (one.private ? privateKey : publicKey).export({ format: 'jwk' })
  const jwk: Record<string, unknown> = { ...material, kid, alg, use: 'sig', ...one.set }
  for (const name of one.remove ?? []) delete jwk[name]
  return jwk
}
