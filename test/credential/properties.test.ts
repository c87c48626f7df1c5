import assert from 'node:assert/strict'
import { createHash, sign, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { algorithms, type Algorithm } from '../../src/credential/algorithm.ts'
import { parseCompact } from '../../src/credential/compact.ts'
import { mintAccessToken, mintGatewayCredential } from '../../src/credential/mint.ts'
import { prove, type Proof } from '../../src/credential/proof.ts'
import { revocationId } from '../../src/credential/revocation-id.ts'
import { defaultLeeway, epochSeconds, judgeTime } from '../../src/credential/time.ts'
import { accessClaims, gatewayClaims, keys, now, ringOf } from './installation.ts'
import { twinOf } from './treatment.ts'

const ring = await ringOf()
const judge = (token: string) => prove(token, ring, now, defaultLeeway)

function proofOf(token: string): Proof {
  const proof = judge(token)
  assert.ok(typeof proof === 'object', typeof proof === 'string' ? proof : '')
  return proof
}

const anyAlgorithm = fc.constantFrom<Algorithm>('EdDSA', 'ES256', 'RS256')
// fast-check's own unit for this takes a second to be made.
const anyCharacter = fc
  .nat(0x10_ffff)
  .map((code) => String.fromCodePoint(code >= 0xd800 && code <= 0xdfff ? code & 0xff : code))
const anyText = fc.string({ unit: anyCharacter, maxLength: 40 })
const someText = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 40 })

const visibleAscii = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const letters = alphabet.split('')
const foreign = ['=', '+', '/', '.', ' ', '\n', '\t', '!', '%', '\0', 'é', '\u017f', '\ud800']

const anyType = fc.constantFrom('gateway-credential+jwt', 'at+jwt', 'JWT', null)
const anyClaim = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.nat({ max: 2 * now }), fc.uuid())
const claimNames = Object.keys({ ...gatewayClaims(), ...accessClaims(), nbf: 0 })
const anyPayload = fc
  .tuple(
    fc.constantFrom({ ...gatewayClaims() }, { ...accessClaims() }),
    fc.dictionary(fc.constantFrom(...claimNames), anyClaim, { maxKeys: 3 }),
  )
  .map(([claims, changes]) => Object.assign({}, claims, changes))

describe('what is minted is proved', () => {
  test('for every gateway credential, its names in any script', async () => {
    const claims = fc.record({
      jti: fc.uuid(),
      gatewayId: fc.uuid(),
      environmentId: fc.uuid(),
      organizationId: fc.uuid(),
      gatewayName: anyText,
      environmentName: anyText,
      organizationName: anyText,
      gatewayType: anyText,
      region: anyText,
      iat: fc.double({ min: 0, max: now + 60, noNaN: true }).map((time) => epochSeconds(time)),
    })
    await fc.assert(
      fc.asyncProperty(claims, anyAlgorithm, async (changes, algorithm) => {
        const minted = gatewayClaims(changes)
        const proof = proofOf(await mintGatewayCredential(minted, keys[algorithm]))
        assert.ok(proof.kind === 'gateway')
        assert.equal(proof.jti, changes.jti)
        assert.deepEqual(proof.gateway, {
          id: changes.gatewayId,
          name: changes.gatewayName,
          environmentId: changes.environmentId,
          type: changes.gatewayType,
        })
      }),
    )
  })

  test('for every access token, its client and scope any text', async () => {
    const claims = fc.record({
      jti: fc.string({ minLength: 1, maxLength: 256, unit: visibleAscii }),
      sub: someText,
      client_id: someText,
      scope: anyText,
      gen: fc.maxSafeNat(),
    })
    await fc.assert(
      fc.asyncProperty(claims, anyAlgorithm, async (changes, algorithm) => {
        const proof = proofOf(await mintAccessToken(accessClaims(changes), keys[algorithm]))
        assert.ok(proof.kind === 'client')
        const { client_id: id, sub: subject, scope, gen: generation } = changes
        assert.deepEqual(proof.client, { id, subject, scope, generation, addresses: undefined })
        assert.equal(proof.jti, changes.jti)
      }),
    )
  })
})

describe('no change of a valid token is proved', () => {
  for (const algorithm of algorithms) {
    test(`at any position of a token of ${algorithm}: flipped; dropped, doubled or replaced`, async () => {
      const token = await mintAccessToken(accessClaims(), keys[algorithm])
      for (let at = 0; at < token.length; at++) {
        const [before, here, after] = [token.slice(0, at), token.charAt(at), token.slice(at + 1)]
        const flipped = alphabet.charAt(alphabet.indexOf(here) ^ 1) || 'A'
        const others = ['', here + here, foreign[at % foreign.length] ?? '', '.']
        for (const other of [flipped, others[at % others.length] ?? '']) {
          if (other === here) continue
          assert.equal(typeof judge(before + other + after), 'string', `${other} at ${at}`)
        }
      }
    })

    test(`by one character of a token of ${algorithm} for any other, or any more`, async () => {
      const token = await mintAccessToken(accessClaims(), keys[algorithm])
      const character = fc.oneof(fc.constantFrom(...letters, ...foreign), anyText)
      const at = fc.oneof(
        fc.nat(token.length),
        fc.nat(88).map((back) => token.length - back),
      )
      fc.assert(
        fc.property(at, character, fc.nat(1), (place, other, dropped) => {
          const changed = token.slice(0, place) + other + token.slice(place + dropped)
          fc.pre(changed !== token)
          assert.equal(typeof judge(changed), 'string')
        }),
        { numRuns: 300 },
      )
    })

    test(`by one bit of the bytes of a token of ${algorithm}`, async () => {
      const token = await mintGatewayCredential(gatewayClaims(), keys[algorithm])
      const parts = token.split('.').map((part) => Buffer.from(part, 'base64url'))
      fc.assert(
        fc.property(fc.nat(2), fc.nat(), fc.nat(7), (part, place, bit) => {
          const changed = parts.map((bytes) => Buffer.from(bytes))
          const bytes = changed[part] ?? Buffer.alloc(1)
          const at = place % bytes.length
          bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
          const other = changed.map((piece) => piece.toString('base64url')).join('.')
          assert.equal(typeof judge(other), 'string')
        }),
        { numRuns: 200 },
      )
    })
  }

  test('but the twin signature of ES256, which proves the same issuer, jti and revocation id', async () => {
    for (let count = 0; count < 20; count++) {
      const token = await mintGatewayCredential(gatewayClaims(), keys.ES256)
      const dot = token.lastIndexOf('.') + 1
      const twin = twinOf(Buffer.from(token.slice(dot), 'base64url'))
      assert.deepEqual(proofOf(token.slice(0, dot) + twin.toString('base64url')), proofOf(token))
    }
  })

  test('by swapping parts of two tokens of one key', async () => {
    const tokens = await Promise.all(
      [gatewayClaims(), gatewayClaims()].map((claims) => mintGatewayCredential(claims, keys.ES256)),
    )
    const [first = [], second = []] = tokens.map((token) => token.split('.'))
    for (let mask = 1; mask < 7; mask++) {
      const mixed = first.map((part, at) => ((mask >> at) & 1 ? second[at] : part)).join('.')
      // The headers are the same text: a swap of them alone is no change.
      if (tokens.includes(mixed)) continue
      assert.equal(judge(mixed), 'signature-invalid')
    }
  })
})

/** By the letter: nothing but the alphabet, a length that is one, and no unused bit that is set. */
function isCanonical(text: string): boolean {
  const last = alphabet.indexOf(text.at(-1) ?? '')
  const unused = [0, 64, 0b1111, 0b11][text.length % 4] ?? 0
  return /^[A-Za-z0-9_-]+$/.test(text) && unused !== 64 && (last & unused) === 0
}

describe('one text, one token', () => {
  const [header, signature] = ['e30', 'AA']
  const isTaken = (text: string) =>
    typeof parseCompact(`${header}.${text}.${signature}`) === 'object' &&
    typeof parseCompact(`${header}.${signature}.${text}`) === 'object'

  test('for any text, canonical is what the encoder spells, and what has no other spelling', () => {
    const character = fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...letters) },
      { weight: 1, arbitrary: fc.constantFrom(...foreign) },
      { weight: 1, arbitrary: fc.string({ unit: anyCharacter, minLength: 1, maxLength: 1 }) },
    )
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 12 }), (text) => {
        assert.equal(isTaken(text), isCanonical(text))
        const again = Buffer.from(text, 'base64url').toString('base64url')
        assert.equal(isTaken(text), text !== '' && again === text)
      }),
      { numRuns: 2000 },
    )
  })

  // Decoders read a long text in blocks of dozens of characters, and what is wrong in one another way.
  test('for long texts, with any one character in any place', () => {
    const anywhere = fc.oneof(fc.constantFrom(...letters, ...foreign), anyCharacter)
    const long = fc.string({ unit: fc.constantFrom(...letters), minLength: 60, maxLength: 400 })
    fc.assert(
      fc.property(long, fc.nat(), anywhere, (text, place, character) => {
        const at = place % text.length
        const changed = text.slice(0, at) + character + text.slice(at + 1)
        assert.equal(isTaken(changed), isCanonical(changed))
        const again = Buffer.from(changed, 'base64url').toString('base64url')
        assert.equal(isTaken(changed), again === changed)
      }),
      { numRuns: 3000 },
    )
  })

  test('for every text of up to two characters, and every end of three', () => {
    const every = [...letters, ...foreign]
    for (const first of every) {
      assert.equal(isTaken(first), isCanonical(first))
      for (const second of every) {
        assert.equal(isTaken(first + second), isCanonical(first + second))
        assert.equal(isTaken(`A${first}${second}`), isCanonical(`A${first}${second}`))
      }
    }
  })
})

describe('whatever is presented', () => {
  test('is answered and never thrown at', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 200 }), (text) => {
        assert.equal(typeof judge(text), 'string')
      }),
    )
  })

  test('is answered and never thrown at, also where the key of the installation signed it', () => {
    const { kid, privateKey, publicKey } = keys.EdDSA
    const header = fc.record({ kid: fc.constant(kid), alg: fc.constant('EdDSA'), typ: anyType })
    fc.assert(
      fc.property(header, anyPayload, (head, payload) => {
        const input = [head, payload]
          .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
          .join('.')
        const signature = sign(null, Buffer.from(input), privateKey)
        assert.ok(verify(null, Buffer.from(input), publicKey, signature))
        const outcome = judge(`${input}.${signature.toString('base64url')}`)
        assert.ok(typeof outcome === 'string' || outcome.jti === payload.jti)
      }),
      { numRuns: 300 },
    )
  })
})

const isSame = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other)

describe('two tokens', () => {
  const name = fc.constantFrom('a', 'a\n', 'a\nb', 'b', 'https://a', 'https://a/', '')
  const jti = fc.constantFrom('a', 'A', 'b', 'ab', 'a\\nb', 'b/', '~')

  test('have one revocation id if issuer and jti are the same but for ASCII letter case', () => {
    fc.assert(
      fc.property(name, jti, name, jti, (issuer, id, otherIssuer, otherId) => {
        const same = issuer === otherIssuer && id.toLowerCase() === otherId.toLowerCase()
        const equal = isSame(revocationId(issuer, id), revocationId(otherIssuer, otherId))
        assert.equal(equal, same)
      }),
      { numRuns: 500 },
    )
  })

  test('are known to the revoked set by the first 128 bits of a SHA-256, none of whose words is lost', () => {
    fc.assert(
      fc.property(name, jti, (issuer, id) => {
        const digest = createHash('sha256').update(`${issuer}\n${id.toLowerCase()}`).digest()
        const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = [0, 4, 8, 12].map((at) => digest.readInt32LE(at))
        assert.deepEqual(revocationId(issuer, id), { w0, w1, w2, w3 })
      }),
    )
  })

  test('of different claims never prove the same issuer and jti', async () => {
    const seen = new Map<string, string>()
    for (let count = 0; count < 100; count++) {
      const claims = gatewayClaims()
      const { issuer, jti: id } = proofOf(await mintGatewayCredential(claims, keys.EdDSA))
      assert.equal(seen.get(`${issuer} ${id}`), undefined)
      seen.set(`${issuer} ${id}`, claims.jti)
      assert.equal(id, claims.jti)
    }
  })
})

test('a time is judged to the second: dead at exp, alive from nbf and iat less the leeway', () => {
  const time = fc.integer({ min: 100_000, max: 4_000_000_000 })
  const leeway = fc.integer({ min: 0, max: 300 })
  fc.assert(
    fc.property(time, leeway, leeway, fc.integer({ min: -1, max: 1 }), (limit, exp, nbf, off) => {
      const at = (seconds: number) => epochSeconds(limit + seconds + off)
      const none = { issuedAt: undefined, notBefore: undefined, expiresAt: undefined }
      const moment = epochSeconds(limit)
      const allowed = { exp, nbf }
      const outcome = {
        expiresAt: judgeTime({ ...none, expiresAt: moment }, at(exp), allowed),
        notBefore: judgeTime({ ...none, notBefore: moment }, at(-nbf), allowed),
        issuedAt: judgeTime({ ...none, issuedAt: moment }, at(-nbf), allowed),
      }
      assert.deepEqual(outcome, {
        expiresAt: off < 0 ? undefined : 'expired',
        notBefore: off < 0 ? 'not-yet-valid' : undefined,
        issuedAt: off < 0 ? 'issued-in-future' : undefined,
      })
    }),
  )
})

test('a token is three parts that are all there, however many dots a text has', () => {
  const header = Buffer.from('{"alg":"RS256"}').toString('base64url')
  const part = fc.constantFrom(header, 'YQ', 'YWI', '')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const whole = parts.length === 3 && parts[0] === header && !parts.includes('')
      const read = parseCompact(parts.join('.'))
      assert.equal(typeof read === 'string' ? read : 'read', whole ? 'read' : 'token-malformed')
    }),
    { numRuns: 500, examples: [[[header, 'YQ', 'YQ']], [[header, 'YQ', 'YQ', 'YQ']]] },
  )
})
