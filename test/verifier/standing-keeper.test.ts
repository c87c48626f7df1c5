import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import type { JsonObject } from '../../src/credential/strict-json.ts'
import { mintAccessToken, mintGatewayCredential } from '../../src/credential/mint.ts'
import { prove } from '../../src/credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../../src/credential/time.ts'
import type { Change, ChangeFacts } from '../../src/standing/change.ts'
import { loadable } from '../../src/standing/snapshot-body.ts'
import type { StandingSnapshot } from '../../src/standing/snapshot.ts'
import {
  createStanding,
  isRevision,
  judgeStanding,
  type Revision,
  type StandingFacts,
} from '../../src/standing/standing.ts'
import { createStandingKeeper } from '../../src/verifier/standing-keeper.ts'
import {
  accessClaims,
  clientAudience,
  credentialAudience,
  gatewayClaims,
  issuer,
  jwksOf,
  keys,
  now,
} from '../credential/installation.ts'

const jwks: JsonObject = JSON.parse(JSON.stringify(jwksOf([keys.RS256])))

function revision(value: number): Revision {
  assert.ok(isRevision(value))
  return value
}

function snapshot(changes: Partial<StandingSnapshot> = {}): StandingSnapshot {
  return {
    epoch: 'e',
    revision: revision(10),
    at: now * 1000,
    issuers: [
      {
        name: issuer,
        jwks,
        gatewayAudiences: [credentialAudience],
        clientAudiences: [clientAudience],
      },
    ],
    revoked: [],
    gateways: [],
    environments: [],
    clients: [],
    marks: [],
    ...changes,
  }
}

function changeAt(at: number, facts: ChangeFacts): Change {
  const place = { epoch: 'e', revision: revision(at), previous: revision(at - 1), at: now * 1000 }
  return { ...facts, ...place }
}

/** A keeper, what it last put in force, and how a credential fares by that. */
async function following(first = snapshot(), wall = () => now * 1000) {
  let facts: StandingFacts | undefined
  const keeper = createStandingKeeper({
    held: false,
    wall,
    publish: async (given) => {
      facts = given
    },
  })
  await keeper.load(loadable(first))
  const judge = (token: string) => {
    assert.ok(facts)
    const standing = createStanding(facts)
    const proof = prove(token, standing.ring, now, defaultLeeway)
    return typeof proof === 'string' ? proof : (judgeStanding(standing, proof) ?? 'good')
  }
  return { keeper, judge }
}

const revocationOf = ({ jti, gatewayId, environmentId }: ReturnType<typeof gatewayClaims>) => ({
  issuer,
  jti,
  gatewayId,
  environmentId,
  kid: keys.RS256.kid,
  exp: undefined,
})

describe('a verifier that follows an authority', () => {
  test('refuses what the snapshot calls revoked, and nothing else', async () => {
    const [live, dead] = [gatewayClaims(), gatewayClaims()]
    const { judge } = await following(snapshot({ revoked: [revocationOf(dead)] }))
    assert.equal(judge(await mintGatewayCredential(live, keys.RS256)), 'good')
    assert.equal(judge(await mintGatewayCredential(dead, keys.RS256)), 'credential-revoked')
  })

  test('refuses what a change revokes from the moment that it is applied', async () => {
    const claims = gatewayClaims()
    const token = await mintGatewayCredential(claims, keys.RS256)
    const { keeper, judge } = await following()
    assert.equal(judge(token), 'good')
    await keeper.apply([changeAt(11, { kind: 'credential-revoked', ...revocationOf(claims) })])
    assert.equal(judge(token), 'credential-revoked')
    assert.equal(keeper.revision, 11)
  })

  test('refuses an access token that a change ends by itself', async () => {
    const claims = accessClaims()
    const token = await mintAccessToken(claims, keys.RS256)
    const { keeper, judge } = await following()
    assert.equal(judge(token), 'good')
    const { kid } = keys.RS256
    const facts = { issuer, jti: claims.jti, kid, exp: epochSeconds(claims.exp) }
    await keeper.apply([changeAt(11, { kind: 'token-revoked', ...facts })])
    assert.equal(judge(token), 'credential-revoked')
  })

  test('puts nothing in force before it is released', async () => {
    const published: number[] = []
    const publish = async (facts: StandingFacts) => {
      published.push(facts.revision)
    }
    const keeper = createStandingKeeper({ held: true, wall: () => now * 1000, publish })
    const change = { kind: 'key-retired', issuer, kid: 'another' } as const
    await keeper.load(loadable(snapshot()))
    await keeper.apply([changeAt(11, change)])
    await keeper.remember(keeper.former())
    assert.deepEqual(published, [])
    await keeper.release()
    await keeper.release()
    assert.deepEqual(published, [11])
  })

  test('disables and enables gateways and environments', async () => {
    const claims = gatewayClaims()
    const token = await mintGatewayCredential(claims, keys.RS256)
    const { gatewayId, environmentId } = claims
    const { keeper, judge } = await following()
    const gateway = { kind: 'gateway-state', gatewayId, environmentId } as const
    await keeper.apply([changeAt(11, { ...gateway, state: 'disabled' })])
    assert.equal(judge(token), 'gateway-disabled')
    await keeper.apply([changeAt(12, { ...gateway, state: 'enabled' })])
    assert.equal(judge(token), 'good')
    await keeper.apply([
      changeAt(13, { kind: 'environment-state', environmentId, state: 'deleted' }),
    ])
    assert.equal(judge(token), 'environment-deleted')
  })

  test('trusts a key that is added, and lets a retired one go with all that it signed', async () => {
    const claims = gatewayClaims()
    const token = await mintGatewayCredential(claims, keys.ES256)
    const { keeper, judge } = await following()
    assert.equal(judge(token), 'key-unknown')
    const [jwk] = jwksOf([keys.ES256]).keys
    const added: JsonObject = JSON.parse(JSON.stringify(jwk))
    await keeper.apply([changeAt(11, { kind: 'key-added', issuer, jwk: added })])
    assert.equal(judge(token), 'good')
    const revocation = { ...revocationOf(gatewayClaims()), kid: keys.ES256.kid }
    await keeper.apply([changeAt(12, { kind: 'credential-revoked', ...revocation })])
    assert.equal(keeper.revoked().entries, 1)
    await keeper.apply([changeAt(13, { kind: 'key-retired', issuer, kid: keys.ES256.kid })])
    assert.equal(judge(token), 'key-unknown')
    assert.equal(keeper.revoked().entries, 0)
  })

  test('lets a revoked id go only when both clocks say that nobody accepts it any more', async () => {
    let here = now * 1000
    const { keeper } = await following(snapshot(), () => here)
    const entry = { ...revocationOf(gatewayClaims()), exp: epochSeconds(now + 60) }
    await keeper.apply([changeAt(11, { kind: 'credential-revoked', ...entry })])
    const mark = { kind: 'mark-set', subject: { kind: 'client', id: 'c' }, notBefore: now } as const
    await keeper.apply([changeAt(12, mark)])
    assert.equal(keeper.revoked().entries, 1)
    const later = (now + 2 * 3600) * 1000
    await keeper.apply([{ ...changeAt(13, mark), at: later }])
    assert.equal(keeper.revoked().entries, 1)
    here = later
    await keeper.apply([{ ...changeAt(14, mark), at: later }])
    assert.equal(keeper.revoked().entries, 0)
  })

  test('takes no change on the wrong base, and keeps what it had', async () => {
    const claims = gatewayClaims()
    const { keeper, judge } = await following()
    const change = changeAt(12, { kind: 'credential-revoked', ...revocationOf(claims) })
    await assert.rejects(keeper.apply([change]), TypeError)
    assert.equal(keeper.revision, 10)
    assert.equal(judge(await mintGatewayCredential(claims, keys.RS256)), 'good')
  })

  test('never takes a mark back', async () => {
    const claims = gatewayClaims()
    const token = await mintGatewayCredential(claims, keys.RS256)
    const { keeper, judge } = await following()
    const subject = { kind: 'gateway', id: claims.gatewayId } as const
    const set = (at: number, notBefore: number) =>
      keeper.apply([
        changeAt(at, { kind: 'mark-set', subject, notBefore: epochSeconds(notBefore) }),
      ])
    await set(11, claims.iat + 1)
    assert.equal(judge(token), 'issued-before-mark')
    await set(12, claims.iat - 1)
    assert.equal(judge(token), 'issued-before-mark')
    assert.equal(
      judge(await mintGatewayCredential(gatewayClaims({ jti: randomUUID() }), keys.RS256)),
      'good',
    )
  })
})
