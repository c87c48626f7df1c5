import assert from 'node:assert/strict'
import { createPublicKey, verify } from 'node:crypto'
import { describe, test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { systemClock } from '../../src/system/clock.ts'
import { addGateway, ask, embedded, openHouse, settingsFor, type House } from './house.ts'

interface Claims {
  readonly [member: string]: unknown
  readonly status?: { readonly status_list: { readonly idx: number; readonly uri: string } }
}

interface StatusList {
  readonly header: Claims
  readonly payload: Claims
  readonly at: (idx: number) => number
}

const credentials = { ...settingsFor('').credentials, statusList: true }

async function withHouse(work: (house: House) => Promise<void>): Promise<void> {
  const house = await openHouse({ settings: { credentials, revocationWaitMs: 1 } })
  try {
    await work(house)
  } finally {
    await house.close()
  }
}

function parse(part = ''): Claims {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Claims
}

async function issue(house: House) {
  const gateway = await addGateway(house, { createCredential: true })
  const credential = embedded(gateway.answered.body, 'credentials')[0]
  const { status } = parse(String(credential?.['credential']).split('.')[1])
  assert.ok(status)
  const path = `${gateway.path}/credentials/${String(credential?.['id'])}`
  return { gateway, path, ...status.status_list }
}

/** Reads a list as a third party would, once it has been made after now. */
async function readList(house: House, uri: string): Promise<StatusList> {
  await new Promise((resolve) => setTimeout(resolve, 1050))
  const answer = await fetch(uri.replace(house.settings.publicUrl, house.url))
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'application/statuslist+jwt')
  const [head = '', body = '', signature = ''] = (await answer.text()).split('.')
  const header = parse(head)
  const { keys } = (await ask(house.url, 'GET', '/.well-known/jwks.json')).body
  const jwk = (keys ?? []).find((key) => key['kid'] === header['kid'])
  assert.ok(jwk)
  const key = createPublicKey({ key: Object.assign({}, jwk), format: 'jwk' })
  const signed = Buffer.from(`${head}.${body}`)
  const bytes = Buffer.from(signature, 'base64url')
  assert.ok(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, bytes))
  const payload = parse(body)
  const { bits, lst } = payload['status_list'] as { bits: number; lst: string }
  assert.equal(bits, 2)
  const list = inflateSync(Buffer.from(lst, 'base64url'))
  const at = (idx: number) => ((list[idx >> 2] ?? assert.fail()) >> ((idx & 3) * 2)) & 3
  return { header, payload, at }
}

describe('Token Status Lists', () => {
  test('S1, S2, S3: a list is signed, of its own type, names itself and says how long it may be relied on', async () => {
    await withHouse(async (house) => {
      const { uri } = await issue(house)
      const { header, payload } = await readList(house, uri)
      assert.equal(header['typ'], 'statuslist+jwt')
      assert.equal(payload['sub'], uri)
      const [iat, exp, ttl] = [payload['iat'], payload['exp'], payload['ttl']].map(Number)
      assert.ok(Math.abs((iat ?? 0) - Date.now() / 1000) < 5)
      assert.ok((ttl ?? 0) > 0 && (exp ?? 0) > (iat ?? 0) + (ttl ?? 0))
    })
  })

  test('S4, S12: what is live is 0, what was revoked 1, what is suspended 2', async () => {
    await withHouse(async (house) => {
      const [live, revoked, deleted, disabled] = [
        await issue(house),
        await issue(house),
        await issue(house),
        await issue(house),
      ]
      await house.ask('DELETE', revoked.path)
      await house.ask('DELETE', deleted.gateway.path)
      const body = { name: 'off', type: 'API_GATEWAY_INTEGRATION', enabled: false }
      await house.ask('PUT', disabled.gateway.path, { body })
      const { at } = await readList(house, live.uri)
      assert.deepEqual(
        [live, revoked, deleted, disabled].map(({ idx }) => at(idx)),
        [0, 1, 1, 2],
      )
    })
  })

  test('S11: no place is given out twice, whatever became of the credential that had it', async () => {
    await withHouse(async (house) => {
      const places = new Set<number>()
      for (let count = 0; count < 4; count++) {
        const { idx, path } = await issue(house)
        await house.ask('DELETE', path)
        places.add(idx)
      }
      const more = await Promise.all([issue(house), issue(house), issue(house)])
      for (const { idx } of more) places.add(idx)
      assert.equal(places.size, 7)
    })
  })

  test('S13: how it was at another time is not told, and what is no list is not there', async () => {
    await withHouse(async (house) => {
      await issue(house)
      const statuses = async (path: string, method = 'GET') =>
        (await fetch(`${house.url}/.well-known/status-list/${path}`, { method })).status
      assert.equal(await statuses('0?time=1'), 501)
      assert.equal(await statuses('0', 'POST'), 405)
      assert.equal(await statuses('1'), 404)
      assert.equal(await statuses('x'), 404)
    })
  })

  test('whoever asks for lists that are not there does not make the others be made again', async () => {
    const clock = { ...systemClock, monotonic: () => 0 }
    const house = await openHouse({ clock, settings: { credentials } })
    try {
      await issue(house)
      const get = async (list: number) =>
        (await fetch(`${house.url}/.well-known/status-list/${list}`)).text()
      const first = await get(0)
      for (let list = 1; list <= 20; list++) assert.equal(await get(list), '')
      // Made again, it would be signed again, and no two signatures are the same.
      assert.equal(await get(0), first)
    } finally {
      await house.close()
    }
  })

  test('J18: a list is no credential, and credentials say nothing of one unless told to', async () => {
    await withHouse(async (house) => {
      const { uri } = await issue(house)
      const token = await (await fetch(uri.replace(house.settings.publicUrl, house.url))).text()
      assert.equal((await ask(house.url, 'GET', '/v1/environments', { token })).status, 401)
    })
    const house = await openHouse()
    const gateway = await addGateway(house, { createCredential: true })
    const credential = embedded(gateway.answered.body, 'credentials')[0]
    assert.equal(parse(String(credential?.['credential']).split('.')[1]).status, undefined)
    await house.close()
  })
})
