import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withHouse } from './api-clients.ts'
import { addEnvironment, embedded } from './house.ts'
import { addOrganization } from './organizations.ts'

describe('the enrolment of a verifier', () => {
  test('is for environments of the organization that are there, and for no others', async () => {
    await withHouse(async (house) => {
      const path = `/v1/organizations/${house.organizationId}/verifiers`
      const enrol = (name: string, ...environmentIds: readonly string[]) =>
        house.ask('POST', path, { body: { name, environmentIds } })
      const [other, gone] = [await addOrganization(house), await addEnvironment(house)]
      const environment = `/v1/organizations/${house.organizationId}/environments/${gone}`
      assert.equal((await house.ask('DELETE', environment)).status, 204)
      for (const environmentId of [other.environmentId, gone]) {
        const { status, text } = await enrol('bounded', house.environmentId, environmentId)
        assert.equal(status, 400)
        assert.match(text, /environmentIds/)
      }
      assert.equal((await enrol('bounded', house.environmentId)).status, 201)
    })
  })

  test('ends with an entry in the audit', async () => {
    await withHouse(async (house) => {
      const organization = `/v1/organizations/${house.organizationId}`
      const { body } = await house.ask('POST', `${organization}/verifiers`, {
        body: { name: 'edge' },
      })
      const id = String(body['id'])
      assert.equal((await house.ask('DELETE', `${organization}/verifiers/${id}`)).status, 204)
      const audit = await house.ask('GET', `${organization}/audit?action=verifier.revoke`)
      assert.deepEqual(
        embedded(audit.body, 'entries').map(({ target, details }) => [target, details]),
        [[id, { name: 'edge' }]],
      )
    })
  })
})
