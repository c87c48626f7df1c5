import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLeeway, epochSeconds } from '../../src/credential/time.ts'
import { explainToken, stepsTo } from '../../src/decision/explain.ts'
import { createStanding, isRevision } from '../../src/standing/standing.ts'

const revision = 1
assert.ok(isRevision(revision))
const standing = createStanding({
  revision,
  issuers: [],
  revokedTables: [],
  accepted: new Set(),
  gateways: new Map(),
  environments: new Map(),
  clients: new Map(),
  marks: new Map(),
})
const outage = {
  noState: 'unavailable',
  expired: 'unavailable',
  internalError: 'unavailable',
} as const
const view = { standing, freshness: 'fresh', leeway: defaultLeeway, outage } as const

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('what a step says of an unproved token is short, and nothing in it moves a terminal', () => {
  const iss = `\u001b[2J\u202e${'x'.repeat(5000)}`
  const token = `${part({ alg: 'RS256', kid: 'k' })}.${part({ iss })}.c2lnbmF0dXJl`
  const { decision, steps } = explainToken(token, view, epochSeconds(1))
  const { result, detail = '' } = steps.find(({ step }) => step === 'issuer') ?? {}
  assert.deepEqual([decision, result], ['deny', 'failed'])
  assert.ok(detail.startsWith('issuer-unknown: ?[2J?xx'), detail)
  assert.ok(detail.length < 250, detail)
  assert.ok(!JSON.stringify(steps).includes('c2lnbmF0dXJl'))
})

test('nothing is said of the steps behind the one that failed', () => {
  const found = { revocation: 'a', holder: 'b', door: 'c' }
  assert.deepEqual(
    stepsTo('credential-revoked', found)
      .slice(-4)
      .map(({ step, result, detail }) => [step, result, detail]),
    [
      ['time', 'passed', ''],
      ['revocation', 'failed', 'credential-revoked: a'],
      ['holder', 'not reached', ''],
      ['door', 'not reached', ''],
    ],
  )
})
