import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { manualClock } from '../manual-clock.ts'
import { addApiCredential, askForAccessToken, grantOf, type TestClient } from './api-clients.ts'
import { embedded, openHouse, refused, type House } from './house.ts'

// An hour of the test is no hour: administrators' tokens live for a quarter of one, so time is moved by little.

interface Rotating {
  readonly house: House
  readonly client: TestClient
  readonly clock: ReturnType<typeof manualClock>
  /** Asks with a secret and gives the status. */
  readonly buys: (clientSecret: string) => Promise<number>
  readonly rotate: (body?: object) => Promise<string>
}

async function whileRotating(work: (rotating: Rotating) => Promise<void>): Promise<void> {
  const clock = manualClock()
  const house = await openHouse({ clock })
  const client = await addApiCredential(house)
  try {
    await work({
      house,
      client,
      clock,
      buys: async (clientSecret) =>
        (await askForAccessToken(house.url, grantOf({ ...client, clientSecret }))).status,
      async rotate(body = {}) {
        const {
          status,
          body: read,
          text,
        } = await house.ask('POST', `${client.path}/rotate`, {
          body,
        })
        assert.equal(status, 200, text)
        return String(read['clientSecret'])
      },
    })
  } finally {
    await house.close()
  }
}

describe('a rotation with an overlap', () => {
  test('R11 AT-67: both secrets buy until the end of the overlap, to the second; then only the new one', async () => {
    await whileRotating(async ({ house, client, clock, buys, rotate }) => {
      const next = await rotate({ overlapSeconds: 60 })
      const { body } = await house.ask('GET', client.path)
      const end = new Date(clock.wall() + 60_000).toISOString()
      assert.equal(body['previousSecretExpiresAt'], end)
      assert.deepEqual([await buys(client.clientSecret), await buys(next)], [200, 200])
      clock.advance(59_999)
      assert.deepEqual([await buys(client.clientSecret), await buys(next)], [200, 200])
      clock.advance(1)
      assert.deepEqual([await buys(client.clientSecret), await buys(next)], [401, 200])
      const after = await house.ask('GET', client.path)
      assert.equal(after.body['previousSecretExpiresAt'], undefined)
      assert.equal(await buys(await rotate({ overlapSeconds: 60 })), 200)
    })
  })

  test('R11: never are there three secrets, and an overlap can be ended early', async () => {
    await whileRotating(async ({ client, buys, rotate }) => {
      const second = await rotate({ overlapSeconds: 60 })
      const third = await rotate({ overlapSeconds: 60 })
      assert.deepEqual(
        [await buys(client.clientSecret), await buys(second), await buys(third)],
        [401, 200, 200],
      )
      const fourth = await rotate({ overlapSeconds: 0 })
      assert.deepEqual([await buys(third), await buys(fourth)], [401, 200])
    })
  })

  test('R11: more than the configured maximum is out of range', async () => {
    await whileRotating(async ({ house, client, buys, rotate }) => {
      const secondsMax = house.settings.oauth.maxOverlapMs / 1000
      for (const overlapSeconds of [secondsMax + 1, -1]) {
        const body = { overlapSeconds }
        const answered = await house.ask('POST', `${client.path}/rotate`, { body })
        const detail = { code: 'OUT_OF_RANGE', target: 'overlapSeconds' }
        refused(answered, 400, 'INVALID_DATA', detail)
      }
      assert.equal(await buys(client.clientSecret), 200)
      await rotate({ overlapSeconds: secondsMax })
      assert.equal(await buys(client.clientSecret), 200)
    })
  })

  test('R11: each use of the previous secret is counted, and the audit says from where', async () => {
    await whileRotating(async ({ house, client, buys, rotate }) => {
      const next = await rotate({ overlapSeconds: 60 })
      for (let use = 0; use < 3; use += 1) await buys(client.clientSecret)
      await buys(next)
      let read = await house.ask('GET', client.path)
      while (read.body['previousSecretUses'] !== 3) read = await house.ask('GET', client.path)
      assert.match(String(read.body['previousSecretLastUsedAt']), /Z$/)
      const audit = `/v1/organizations/${house.organizationId}/audit?action=apiCredential.previousSecretUsed`
      const { body } = await house.ask('GET', audit)
      assert.deepEqual(
        embedded(body, 'entries').map((entry) => [
          entry['actor'],
          entry['target'],
          entry['details'],
        ]),
        [[client.clientId, client.id, { source: '127.0.0.1' }]],
      )
      await rotate()
      const after = await house.ask('GET', client.path)
      assert.equal(after.body['previousSecretUses'], 0)
    })
  })
})
