import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:https'
import { test } from 'node:test'
import { certify } from '../verifier/certificates.ts'
import { openHouse, type House } from './house.ts'

test('the authority speaks TLS, and takes new certificates for the connections that come', async () => {
  const [ca, other] = [certify('one CA'), certify('another CA')]
  const materialOf = (name: string, by: typeof ca) => {
    const { certPem: cert, keyPem: key } = certify(name, by)
    return { cert, key }
  }
  const house = await openHouse({ tls: materialOf('authority', ca) })
  assert.equal(await statusOf(house, ca.certPem), 401)
  await assert.rejects(statusOf(house, other.certPem))
  house.authority.setTls(materialOf('authority', other))
  assert.equal(await statusOf(house, other.certPem), 401)
  await assert.rejects(statusOf(house, ca.certPem))
  await house.close()
})

async function statusOf({ url }: House, ca: string): Promise<number | undefined> {
  const target = `${url.replace('http:', 'https:')}/v1/environments`
  const asked = request(target, { ca, agent: false })
  asked.end()
  const [response] = await once(asked, 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}
