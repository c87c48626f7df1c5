import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { algorithms } from '../../src/credential/algorithm.ts'
import { stillTrusts } from '../../src/credential/key-ring.ts'
import {
  mintAccessToken,
  mintAdministratorToken,
  mintGatewayCredential,
} from '../../src/credential/mint.ts'
import { prove } from '../../src/credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../../src/credential/time.ts'
import {
  accessClaims,
  administratorClaims,
  administratorProfile,
  gatewayClaims,
  keys,
  now,
  profiles,
  ringOf,
} from './installation.ts'

const ring = await ringOf()

describe('a token that the installation minted', () => {
  for (const algorithm of algorithms) {
    test(`is proved when it is a gateway credential signed with ${algorithm}`, async () => {
      const claims = gatewayClaims()
      const proof = prove(
        await mintGatewayCredential(claims, keys[algorithm]),
        ring,
        now,
        defaultLeeway,
      )
      assert.ok(typeof proof === 'object' && proof.kind === 'gateway')
      assert.equal(proof.jti, claims.jti)
      assert.equal(proof.issuer, claims.iss)
      assert.equal(proof.expiresAt, undefined)
      assert.deepEqual(proof.gateway, {
        id: claims.gatewayId,
        name: claims.gatewayName,
        environmentId: claims.environmentId,
        type: claims.gatewayType,
      })
    })
  }

  test('is proved when it is an access token', async () => {
    const claims = accessClaims({ gen: 3 })
    const proof = prove(await mintAccessToken(claims, keys.RS256), ring, now, defaultLeeway)
    assert.ok(typeof proof === 'object' && proof.kind === 'client')
    assert.deepEqual(proof.client, {
      id: claims.client_id,
      subject: claims.sub,
      scope: claims.scope,
      generation: 3,
      addresses: undefined,
    })
  })

  test("is no proof at a door when it is an administrator's", async () => {
    const token = await mintAdministratorToken(administratorClaims(), keys.RS256)
    assert.equal(prove(token, ring, now, defaultLeeway), 'audience-refused')
  })

  test('is no proof for the management API when it is for a door', async () => {
    const management = await ringOf(Object.values(keys), [administratorProfile])
    const administrator = await mintAdministratorToken(administratorClaims(), keys.RS256)
    const credential = await mintGatewayCredential(gatewayClaims(), keys.RS256)
    const access = await mintAccessToken(accessClaims(), keys.RS256)
    assert.equal(typeof prove(administrator, management, now, defaultLeeway), 'object')
    assert.equal(prove(credential, management, now, defaultLeeway), 'type-refused')
    assert.equal(prove(access, management, now, defaultLeeway), 'audience-refused')
  })

  test('is dead at its exp, not a second later', async () => {
    const claims = accessClaims()
    const token = await mintAccessToken(claims, keys.ES256)
    const at = (seconds: number) =>
      prove(token, ring, epochSeconds(claims.exp + seconds), defaultLeeway)
    assert.equal(typeof at(-1), 'object')
    assert.equal(at(0), 'expired')
  })
})

test('a ring still trusts a key that was imported again, and no longer one that is gone', async () => {
  const proof = prove(
    await mintGatewayCredential(gatewayClaims(), keys.EdDSA),
    ring,
    now,
    defaultLeeway,
  )
  assert.ok(typeof proof === 'object')
  assert.ok(stillTrusts(await ringOf(), proof))
  assert.ok(!stillTrusts(await ringOf([keys.RS256]), proof))
  assert.ok(!stillTrusts(await ringOf([keys.EdDSA], profiles.slice(1)), proof))
})
