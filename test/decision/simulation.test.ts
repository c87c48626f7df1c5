import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createKeyRing } from '../../src/credential/key-ring.ts'
import { revocationId } from '../../src/credential/revocation-id.ts'
import { epochSeconds } from '../../src/credential/time.ts'
import { admitsAll, decide, type View } from '../../src/decision/decide.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import type { Question } from '../../src/decision/question.ts'
import { createRevokedSet } from '../../src/standing/revoked-set.ts'
import {
  createStanding,
  patchStanding,
  type Standing,
  type StandingFacts,
} from '../../src/standing/standing.ts'
import { createPrng } from '../prng.ts'
import {
  allows,
  change,
  factsOf,
  leeway,
  makeToken,
  revisionOf,
  newModel,
  type SimToken,
} from './model.ts'

// Everything that moves at once: tokens, keys that come and go, revocations, gateways, environments, clients, marks and
// time. What decides, with all that it keeps, is held against a model that keeps nothing and works every answer out
// anew from what was done.

const request = { method: 'GET', target: '/', host: 'a', scheme: 'http', address: undefined }

const count = (all: StandingFacts['issuers']) => all.flatMap(({ keys: list }) => list).length

function simulate(t: TestContext, cacheMax: number, steps: number): void {
  const random = createPrng(t)
  const model = newModel(1_790_000_000)
  const set = createRevokedSet()
  let revision = 1
  let standing: Standing = createStanding(factsOf(model, revisionOf(revision), set.tables))
  const cache = createProofCache(cacheMax)
  const tokens: SimToken[] = []
  const revokedSoFar = new Set<string>()
  const seen = { allowed: 0, refused: 0 }

  const publish = () => {
    for (const entry of model.revoked) {
      if (revokedSoFar.has(entry)) continue
      revokedSoFar.add(entry)
      const [issuer = '', jti = ''] = entry.split(' ')
      set.add(revocationId(issuer, jti), issuer)
    }
    revision++
    const facts = factsOf(model, revisionOf(revision), set.tables)
    if (random(2) === 0) standing = createStanding(facts)
    else {
      // A patch that leaves out what did not change must come to the same.
      const { issuers, ...others } = facts
      const sameKeys = createKeyRing(0, issuers)
      const unchanged = standing.issuers.every(({ name, keys: list }) =>
        list.every((key) => sameKeys.issuer(name)?.key(key.kid)?.thumbprint === key.thumbprint),
      )
      const same = unchanged && count(standing.issuers) === count(issuers)
      standing = patchStanding(standing, same ? others : facts)
    }
  }
  const present = (token: SimToken, step: number) => {
    const asked = { kind: 'token', token: token.text } as const
    const none = { kind: 'credential-missing' } as const
    const question: Question =
      token.kind === 'gateway'
        ? { gateway: asked, client: none, request }
        : { gateway: none, client: asked, request }
    const view: View = {
      standing,
      freshness: 'fresh',
      cache,
      leeway,
      outage: { noState: 'unavailable', expired: 'unavailable', internalError: 'unavailable' },
      admission: admitsAll,
    }
    const rules = { require: token.kind, environment: undefined }
    const decision = decide(question, rules, view, epochSeconds(model.now))
    const wanted = allows(model, token)
    assert.equal(
      decision.kind,
      wanted ? 'allow' : 'deny',
      `step ${step}: ${decision.reason}, ${JSON.stringify({ ...token, key: token.key.kid, text: '' })}`,
    )
    seen[wanted ? 'allowed' : 'refused']++
    // Presented as the other kind it is nothing.
    const swapped = { require: token.kind === 'gateway' ? 'client' : 'gateway' } as const
    const turned = { gateway: question.client, client: question.gateway, request }
    const other = decide(turned, { ...rules, ...swapped }, view, epochSeconds(model.now))
    assert.equal(other.kind, 'deny')
    assert.ok(cache.entries <= cacheMax + Math.ceil(cacheMax / 10))
  }

  for (let step = 0; step < steps; step++) {
    const chance = random(100)
    if (chance < 4 || tokens.length === 0) tokens.push(makeToken(random, model.now, step))
    else if (chance < 10) {
      change(model, random, tokens.slice(-40))
      publish()
    } else if (chance < 14) model.now += random(20)
    else {
      const recent = tokens.slice(-60)
      const token = recent[random(recent.length)]
      if (token) present(token, step)
    }
  }
  t.diagnostic(`${seen.allowed} allowed, ${seen.refused} refused`)
  assert.ok(Math.min(seen.allowed, seen.refused) > steps / 50, JSON.stringify(seen))
}

test('what decides, with all that it keeps, agrees with a model that keeps nothing', (t) => {
  simulate(t, 1000, 6000)
})

test('and does so while its cache is too small for what is presented', (t) => {
  simulate(t, 8, 4000)
})
