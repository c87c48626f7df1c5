import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as always, constantFrom, property, record, string } from 'fast-check'
import { allowMessage, headersToRemove } from '../../src/doors/check-response.ts'
import { decodeAnswer } from './check-schema.ts'

const text = string({ maxLength: 300, unit: constantFrom('a', 'Z', '0', ' ', '-', '~') })
const name = string({ minLength: 1, maxLength: 12, unit: constantFrom('x', 'y', '-') })
const identity = record({
  gatewayId: text,
  gatewayName: text,
  environmentId: text,
  credentialId: text,
  subject: text,
  scope: text,
})
const asked = record({
  who: constantFrom(0, 1),
  revision: constantFrom('', '7', '12345'),
  decisionId: string({ maxLength: 140, unit: constantFrom('a', 'B', '9', '_') }),
  removed: array(name, { maxLength: 2 }),
})

test('each allow says who asks, what was decided, and what has to go, whatever came before', () => {
  always(
    property(identity, identity, array(asked, { minLength: 1 }), (one, other, questions) => {
      for (const { who, revision, decisionId, removed } of questions) {
        const is = who === 0 ? one : other
        const message = allowMessage(is, revision, decisionId, headersToRemove(removed))
        const { either, dynamicMetadata } = decodeAnswer(Buffer.from(message, 'latin1'))
        assert.equal(either.case, 'okResponse')
        const value = either.case === 'okResponse' ? either.value : undefined
        const headers = value?.headers.map(({ header }) => [header.key, header.value])
        assert.deepEqual(headers, [
          ['x-warder-gateway-id', is.gatewayId],
          ['x-warder-gateway-name', is.gatewayName],
          ['x-warder-environment-id', is.environmentId],
          ['x-warder-credential-id', is.credentialId],
          ['x-warder-subject', is.subject],
          ['x-warder-scope', is.scope],
          ['x-warder-decision-id', decisionId],
          ['x-warder-revision', revision],
        ])
        assert.deepEqual(value?.headersToRemove, removed)
        assert.deepEqual(dynamicMetadata, {
          gateway_id: is.gatewayId,
          credential_id: is.credentialId,
          decision_id: decisionId,
        })
      }
    }),
  )
})
