import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientClaims, signToken } from '../verifier/issuer.ts'
import { clientEntry, gatewayDoor, runVerifier, trustEntry } from '../verifier/running.ts'
import { ask, request, type Place } from '../verifier/wire.ts'
import { answered, asked } from './sideband-legs.ts'

interface Sent {
  readonly leg?: 'request' | 'response'
  /** As it stands in the path. */
  readonly environment?: string
  readonly body: object
}

/** Asks with the credential of a gateway; gives the status. */
async function statusOf(
  place: Place,
  credential: string,
  { leg = 'request', environment = 'env-1', body }: Sent,
): Promise<number> {
  const bytes = Buffer.from(JSON.stringify(body))
  const head = request(
    `POST /v1/environments/${environment}/sideband/${leg} HTTP/1.1`,
    'Host: warder',
    `CLIENT-TOKEN: ${credential}`,
    `Content-Length: ${bytes.length}`,
  )
  return (await ask(place, Buffer.concat([Buffer.from(head), bytes]))).status
}

for (const require of ['client', 'both'] as const) {
  test(`AT-34: where it asks for ${require}, two Authorization headers in a body are never decided on one of them`, async (t) => {
    const running = await runVerifier({
      settings: { doors: { sideband: { ...gatewayDoor, require } } },
      trust: (folder) => [trustEntry(folder), clientEntry(folder)],
    })
    t.after(() => running.stop())
    const credential = running.token({ environmentId: 'env-1' })
    const good = `Bearer ${signToken(running.key, clientClaims())}`
    const other = `Bearer ${signToken(running.key, clientClaims())}`
    const table: readonly (readonly [number, readonly object[]])[] = [
      [200, [{ authorization: good }]],
      [200, [{ AUTHORIZATION: good }]],
      [401, []],
      [401, [{ authorization: 'Bearer x' }]],
      [401, [{ authorization: good }, { authorization: 'Bearer x' }]],
      [401, [{ authorization: 'Bearer x' }, { authorization: good }]],
      [401, [{ authorization: good }, { Authorization: good }]],
      [401, [{ authorization: good, Authorization: other }]],
      [401, [{ authorization: good }, { authorization: '' }]],
      [401, [{ authorization: good }, { accept: '*/*' }, { authorization: other }]],
      [401, [{ authorization: `${good}, ${other}` }]],
      [401, [{ authorization: `${good},` }]],
    ]
    for (const [wanted, headers] of table) {
      const body = { ...asked, headers }
      assert.equal(await statusOf(running.place, credential, { body }), wanted)
      const later = { leg: 'response', body: { ...answered, request: body } } as const
      assert.equal(await statusOf(running.place, credential, later), wanted)
    }
  })
}

test('AT-40, AT-45: an environment is the one that the path spells, letter by letter', async (t) => {
  const running = await runVerifier({ settings: { doors: { sideband: gatewayDoor } } })
  t.after(() => running.stop())
  const credential = running.token({ environmentId: 'env-1' })
  const statusAt = (environment: string) =>
    statusOf(running.place, credential, { environment, body: asked })
  assert.equal(await statusAt('env-1'), 200)
  for (const environment of [
    'env%2D1',
    'env%2d1',
    '%65nv-1',
    'env%252D1',
    '%65%6e%76%2d%31',
    'ENV-1',
    'Env-1',
    'env-1%2F',
    'env-1%20',
    'env-1%00',
    'env-1.',
    'env-1;a',
    'env-1%',
  ]) {
    assert.equal(await statusAt(environment), 401, environment)
  }
  // What spells itself so is none of the others.
  const spelt = running.token({ environmentId: 'env%2D1' })
  const asSpelt = { environment: 'env%2D1', body: asked }
  assert.equal(await statusOf(running.place, spelt, asSpelt), 200)
  assert.equal(await statusOf(running.place, spelt, { body: asked }), 401)
})
