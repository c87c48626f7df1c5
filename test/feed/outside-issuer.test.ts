import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openHouse } from '../authority/house.ts'
import { gatewayClaims, issuerKey, issuerName, keySet, signToken } from '../verifier/issuer.ts'
import { trustEntry } from '../verifier/running.ts'
import { enrol, startFeedVerifier, stateFolder } from './fleet.ts'

/** Under which the house issues. */
const ownName = 'https://warder.test'

test('AT-20: of an outside issuer and the authority of the same name the authority counts, and the verifier says so', async (t) => {
  const house = await openHouse()
  t.after(() => house.close())
  const folder = stateFolder()
  t.after(folder.remove)
  const key = issuerKey('key-1')
  writeFileSync(join(folder.path, 'keys.json'), keySet(key))
  const entry = { revoked: undefined }
  const verifier = await startFeedVerifier({
    stateFolder: folder.path,
    enrolment: await enrol(house, 'edge'),
    trust: [trustEntry(folder.path, { ...entry, issuer: ownName }), trustEntry(folder.path, entry)],
  })
  t.after(() => verifier.stop())
  const statusOf = async (token: string) => (await verifier.ask(token)).status

  const path = `/v1/environments/${house.environmentId}/gateways`
  const body = { name: 'edge', type: 'API_GATEWAY_INTEGRATION' }
  const added = await house.ask('POST', path, { body })
  const issued = added.body['_embedded']?.['credentials']?.[0]
  const credential = String(issued?.['credential'])
  assert.equal(await statusOf(credential), 200)
  const { environmentId } = house
  const outside = (iss: string) => statusOf(signToken(key, gatewayClaims({ iss, environmentId })))
  assert.deepEqual([await outside(ownName), await outside(issuerName)], [401, 200])
  const { status, body: reasons } = await verifier.page('/readyz')
  assert.equal(status, 200)
  assert.match(
    reasons,
    /"degraded".*issuer https:\/\/warder\.test of trust: does not count, the authority/,
  )

  const ended = await house.ask(
    'DELETE',
    `${path}/${added.body['id']}/credentials/${issued?.['id']}`,
  )
  assert.equal(ended.headers.get('warder-applied'), '1/1')
  assert.equal(await statusOf(credential), 401)
})
