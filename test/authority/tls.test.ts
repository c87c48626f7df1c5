import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { test } from 'node:test'
import { certify } from '../verifier/certificates.ts'
import { open, request } from '../verifier/wire.ts'
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

test('who was let in by other CAs than those of now is let go', async () => {
  const [ca, other] = [certify('one CA'), certify('another CA')]
  const { certPem: cert, keyPem: key } = certify('authority', ca)
  const client = certify('client', ca)
  const asking = { requestCert: true, rejectUnauthorized: true }
  const house = await openHouse({ tls: { cert, key, ca: ca.certPem, ...asking } })
  const line = await open(
    { port: Number(new URL(house.url).port) },
    { ca: ca.certPem, cert: client.certPem, key: client.keyPem },
  )
  const answers = async () => {
    line.send(request('GET /v1/environments HTTP/1.1', 'Host: a'))
    return line.answers(1)
  }
  assert.equal((await answers()).answers[0]?.status, 401)
  house.authority.setTls({ cert, key, ca: ca.certPem })
  assert.equal((await answers()).answers[0]?.status, 401)
  house.authority.setTls({ cert, key, ca: other.certPem })
  assert.deepEqual(await line.answers(1), { answers: [], closed: true, rest: '' })
  await house.close()
})

async function statusOf({ url }: House, ca: string): Promise<number | undefined> {
  const target = `${url.replace('http:', 'https:')}/v1/environments`
  const asked = httpsRequest(target, { ca, agent: false })
  asked.end()
  const [response] = await once(asked, 'response')
  response.resume()
  await once(response, 'end')
  return response.statusCode
}
