import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test, type TestContext } from 'node:test'
import type { Store } from '../../src/store/store.ts'
import { addEnvironment, addGateway, openHouse, refused, type House } from './house.ts'

// What a handler has read before it writes may be otherwise by then: a credential is signed outside of the transaction.

/** A house in which something happens just before the next write. */
async function openRacing(t: TestContext) {
  let happens: (() => Promise<unknown>) | undefined
  const wrap = (store: Store): Store => ({
    ...store,
    async write(work) {
      const first = happens
      happens = undefined
      await first?.()
      return store.write(work)
    },
  })
  const house = await openHouse({ wrap })
  t.after(() => house.close())
  const beforeNextWrite = (deed: () => Promise<unknown>) => {
    happens = deed
  }
  return { house, beforeNextWrite }
}

const kidOf = (token: unknown): unknown =>
  JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString()).kid

async function countCredentials(house: House): Promise<number> {
  const rows = await house.store.read((db) => db.selectFrom('credentials').select('id').execute())
  return rows.length
}

describe('a credential that is signed while something ends', () => {
  test('is not kept where its gateway is deleted', async (t) => {
    const { house, beforeNextWrite } = await openRacing(t)
    const { path } = await addGateway(house)
    beforeNextWrite(() => house.ask('DELETE', path))
    refused(await house.ask('POST', `${path}/credentials`), 404, 'NOT_FOUND')
    assert.equal(await countCredentials(house), 0)
  })

  test('is not kept, nor its gateway, where the environment is deleted', async (t) => {
    const { house, beforeNextWrite } = await openRacing(t)
    const id = await addEnvironment(house)
    const path = `/v1/organizations/${house.organizationId}/environments/${id}`
    beforeNextWrite(() => house.ask('DELETE', path))
    const body = { name: randomUUID(), type: 'LDAP' }
    refused(await house.ask('POST', `/v1/environments/${id}/gateways`, { body }), 404, 'NOT_FOUND')
    assert.equal(await countCredentials(house), 0)
  })

  test('is signed again with another key where its own is retired, by whichever process', async (t) => {
    const { house, beforeNextWrite } = await openRacing(t)
    const { path } = await addGateway(house)
    const old = kidOf((await house.ask('POST', `${path}/credentials`)).body['credential'])
    const { body } = await house.ask('POST', `/v1/organizations/${house.organizationId}/keys`)
    assert.equal(body['state'], 'active')
    beforeNextWrite(() =>
      house.store.write(({ db }) =>
        db
          .updateTable('signingKeys')
          .set({ state: 'retired', privateKey: null })
          .where('kid', '=', String(body['kid']))
          .execute(),
      ),
    )
    const made = await house.ask('POST', `${path}/credentials`)
    assert.equal(made.status, 201, made.text)
    assert.equal(kidOf(made.body['credential']), old)
    assert.equal(await countCredentials(house), 2)
  })
})
