import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Recall } from '../../src/authority/explain.ts'
import { addApiCredential } from './api-clients.ts'
import { openHouse } from './house.ts'
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
})
