import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Recall } from '../../src/authority/explain.ts'
import { addApiCredential, buyAccessToken } from './api-clients.ts'
import { addEnvironment, openHouse, refused, type House } from './house.ts'
import { addOrganization } from './organizations.ts'

type Recalled = NonNullable<Awaited<ReturnType<Recall>>>

const refusal: Recalled = {
  decision: 'deny',
  reason: 'tokens-revoked',
  revision: undefined,
  steps: [],
  door: 'forward',
  credentialId: 'a token of somebody',
  gatewayId: undefined,
  environmentId: undefined,
  clientId: undefined,
}

describe('explaining a refusal by its id', () => {
  test('that concerned a client of another organization is as if it had never been', async () => {
    let clientId = ''
    const recall: Recall = async (id) => ({ ...refusal, clientId: id === 'own' ? clientId : id })
    const house = await openHouse({ recall })
    try {
      const client = await addApiCredential(house)
      clientId = client.clientId
      const other = await addOrganization(house)
      const status = async (environmentId: string, token: string, decisionId: string) => {
        const path = `/v1/environments/${environmentId}/explain`
        return (await house.ask('POST', path, { token, body: { decisionId } })).status
      }
      assert.equal(await status(house.environmentId, house.token, 'own'), 200)
      assert.equal(await status(other.environmentId, other.token, 'own'), 404)
      // An outside issuer's client is nobody's in particular.
      assert.equal(await status(other.environmentId, other.token, 'outside'), 200)
    } finally {
      await house.close()
    }
  })

  test('that concerned another environment is as if it had never been', async () => {
    let environmentId: string | undefined
    const recall: Recall = async () => ({ ...refusal, environmentId })
    const house = await openHouse({ recall })
    try {
      const [own, other] = [house.environmentId, await addEnvironment(house)]
      environmentId = own
      const status = async (asked: string) => {
        const body = { decisionId: 'any' }
        return (await house.ask('POST', `/v1/environments/${asked}/explain`, { body })).status
      }
      assert.deepEqual([await status(own), await status(other)], [200, 404])
    } finally {
      await house.close()
    }
  })
})

const explain = (house: House, body: object) =>
  house.ask('POST', `/v1/environments/${house.environmentId}/explain`, { body })

describe('explaining a token', () => {
  test('tells of a client whose API credential was deleted, and of one whose tokens were ended', async () => {
    const house = await openHouse()
    try {
      const [first, second] = [await addApiCredential(house), await addApiCredential(house)]
      const token = await buyAccessToken(house, second)
      assert.equal((await explain(house, { token })).body['decision'], 'allow')
      await house.ask('POST', `${second.path}/rotate`, { body: { revokeTokens: true } })
      assert.equal((await explain(house, { token })).body['reason'], 'tokens-revoked')
      await house.ask('DELETE', second.path)
      const { body } = await explain(house, { token })
      assert.deepEqual([body['decision'], body['reason']], ['deny', 'client-deleted'])
      assert.equal(
        (await explain(house, { token: await buyAccessToken(house, first) })).status,
        200,
      )
    } finally {
      await house.close()
    }
  })

  test('and a refusal at once is a question that nobody can have meant', async () => {
    const house = await openHouse()
    try {
      const both = await explain(house, { token: 'a', decisionId: 'b' })
      refused(both, 400, 'INVALID_DATA', { target: 'token', code: 'REQUIRED_VALUE' })
      refused(await explain(house, {}), 400, 'INVALID_DATA', {
        target: 'token',
        code: 'REQUIRED_VALUE',
      })
    } finally {
      await house.close()
    }
  })
})
