import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gatewayDoor } from './live-view.ts'
import { usualSettings, verifierBeside, type Answer } from './beside.ts'

const single = '/access/v1/evaluation'
const several = '/access/v1/evaluations'
const whole = {
  subject: { type: 'user', id: 'alice' },
  action: { name: 'read' },
  resource: { type: 'record', id: 'record-1' },
}
const { subject, action, resource } = whole

function assertError(answer: Answer, status: number): void {
  assert.equal(answer.status, status)
  assert.match(String(answer.headers['content-type']), /^text\/plain/)
  assert.match(answer.body.toString(), /^[ -~]+$/)
}
const parsed = ({ body }: Answer): unknown => JSON.parse(body.toString())
const decisionsOf = (answer: Answer) =>
  (parsed(answer) as { evaluations: { decision: boolean }[] }).evaluations.map(
    ({ decision }) => decision,
  )

test('authzen', async (t) => {
  const { ask, token } = await verifierBeside(t)
  const credential = token()
  const post = (path: string, body: unknown, more: Readonly<Record<string, string>> = {}) =>
    ask(path, {
      headers: { 'CLIENT-TOKEN': credential, 'Content-Type': 'application/json', ...more },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const batch = (evaluations: readonly unknown[], semantic?: string, defaults: {} = whole) =>
    post(several, {
      ...defaults,
      evaluations,
      ...(semantic !== undefined && { options: { evaluations_semantic: semantic } }),
    })

  await t.test(
    'Z1, Z3, Z5: a live caller gets a decision as JSON, the same with and without a context',
    async () => {
      for (const body of [whole, { ...whole, context: { time: 'now' }, unknown: [1, { a: {} }] }]) {
        const answer = await post(single, body, {
          'Content-Type': 'application/json; charset=utf-8',
        })
        assert.equal(answer.status, 200)
        assert.equal(answer.headers['content-type'], 'application/json')
        assert.deepEqual(parsed(answer), { decision: true })
      }
    },
  )

  const bad: Readonly<Record<string, unknown>> = {
    'no subject': { action, resource },
    'no action': { subject, resource },
    'no resource': { subject, action },
    'no subject.type': { ...whole, subject: { id: 'alice' } },
    'no subject.id': { ...whole, subject: { type: 'user' } },
    'no action.name': { ...whole, action: {} },
    'no resource.type': { ...whole, resource: { id: 'record-1' } },
    'no resource.id': { ...whole, resource: { type: 'record' } },
    'a subject that is text': { ...whole, subject: 'alice' },
    'a subject that is null': { ...whole, subject: null },
    'an action.name that is a number': { ...whole, action: { name: 5 } },
    'properties that are a list': { ...whole, resource: { ...resource, properties: [] } },
    'a context that is text': { ...whole, context: 'x' },
    'malformed JSON': '{"subject":',
    'an empty body': '',
    'a list': [],
    'a member that is there twice': `{"subject":{},${JSON.stringify(whole).slice(1)}`,
    'a lone surrogate': JSON.stringify(whole).replace('alice', String.raw`\ud800`),
  }
  for (const [name, body] of Object.entries(bad)) {
    await t.test(`Z2, Z7, Z12: ${name} is 400 at both endpoints`, async () => {
      assertError(await post(single, body), 400)
      assertError(await post(several, body), 400)
    })
  }

  await t.test('Z5, Z6: another content type is 400, another method 405', async () => {
    assertError(await post(single, whole, { 'Content-Type': 'text/plain' }), 400)
    assertError(await post(single, whole, { 'Content-Type': '' }), 400)
    assertError(await post(single, whole, { 'Content-Type': 'application/json-seq' }), 400)
    const get = await ask(single, { method: 'GET', headers: { 'CLIENT-TOKEN': credential } })
    assertError(get, 405)
    assert.equal(get.headers['allow'], 'POST')
  })

  await t.test(
    'Z8: a caller without a live credential gets 401 and a challenge, never a decision',
    async () => {
      for (const [headers, body] of [
        [{}, whole],
        [{ 'CLIENT-TOKEN': 'x.y.z' }, whole],
        [{ 'CLIENT-TOKEN': credential, 'PDG-TOKEN': credential }, 'no JSON'],
      ] as const) {
        for (const path of [single, several]) {
          const answer = await ask(path, {
            headers: { 'Content-Type': 'application/json', ...headers },
            body: typeof body === 'string' ? body : JSON.stringify(body),
          })
          assertError(answer, 401)
          assert.match(String(answer.headers['www-authenticate']), /^Bearer/)
        }
      }
    },
  )

  await t.test('Z12: a body that is too large is 413', async () => {
    assertError(await post(single, { ...whole, context: { x: 'x'.repeat(70_000) } }), 413)
  })

  await t.test(
    'Z9: evaluations without a list, or with an empty one, is a single evaluation',
    async () => {
      for (const body of [whole, { ...whole, evaluations: [] }]) {
        assert.deepEqual(parsed(await post(several, body)), { decision: true })
      }
    },
  )

  await t.test('Z9: items inherit whole objects and never parts of them', async () => {
    const items = [{}, { action: { name: 'write' } }, { resource: { id: 'only an id' } }]
    assert.deepEqual(decisionsOf(await batch(items)), [true, true, false])
    const { resource: _, ...lacking } = whole
    assert.deepEqual(decisionsOf(await batch([{ resource }, {}], undefined, lacking)), [
      true,
      false,
    ])
  })

  await t.test('Z9: an item that lacks something is an error of its own', async () => {
    const answer = await batch([{ subject: {} }, 'text', {}], 'execute_all')
    assert.equal(answer.status, 200)
    const message = 'the question does not say which request it is about'
    const wrong = { decision: false, context: { error: { status: 400, message } } }
    assert.deepEqual(parsed(answer), { evaluations: [wrong, wrong, { decision: true }] })
  })

  await t.test('Z9: deny_on_first_deny ends with the first that is not true', async () => {
    const items = [{}, { subject: {} }, {}]
    assert.deepEqual(decisionsOf(await batch(items, 'deny_on_first_deny')), [true, false])
  })

  await t.test('Z9: permit_on_first_permit ends with the first that is true', async () => {
    const items = [{ subject: {} }, {}, {}]
    assert.deepEqual(decisionsOf(await batch(items, 'permit_on_first_permit')), [false, true])
  })

  await t.test(
    'Z9: an unknown semantic, evaluations that are no list, or too many, are 400',
    async () => {
      assertError(await batch([{}], 'first_come'), 400)
      assertError(await post(several, { ...whole, evaluations: {} }), 400)
      assertError(await post(several, { ...whole, evaluations: [{}], options: 5 }), 400)
      assertError(await batch([{}], undefined, { ...whole, subject: 'alice' }), 400)
      assert.equal(decisionsOf(await batch([{}, {}, {}, {}, {}])).length, 5)
      assertError(await batch([{}, {}, {}, {}, {}, {}]), 400)
    },
  )

  await t.test(
    'Z4: X-Request-ID comes back, on errors too, if it is plain and not too long',
    async () => {
      for (const body of [whole, 'no JSON']) {
        const answer = await post(single, body, { 'X-Request-ID': 'a b-1' })
        assert.equal(answer.headers['x-request-id'], 'a b-1')
      }
      for (const id of ['x'.repeat(257), '\u00e9']) {
        const answer = await post(single, whole, { 'X-Request-ID': id })
        assert.equal(answer.headers['x-request-id'], undefined)
      }
    },
  )

  await t.test('Z10: discovery names what is there, by the identifier that is set', async () => {
    for (const path of ['', '/tenant1']) {
      const answer = await ask(`/.well-known/authzen-configuration${path}`, {
        method: 'GET',
        headers: { Host: 'evil.test' },
      })
      assert.equal(answer.status, 200)
      assert.deepEqual(parsed(answer), {
        policy_decision_point: 'https://pdp.example/tenant1',
        access_evaluation_endpoint: 'https://pdp.example/tenant1/access/v1/evaluation',
        access_evaluations_endpoint: 'https://pdp.example/tenant1/access/v1/evaluations',
      })
    }
    assert.deepEqual(parsed(await post(`/tenant1${single}`, whole)), { decision: true })
  })

  await t.test('every answer says which decision it was', async () => {
    for (const body of [whole, 'no JSON']) {
      const answer = await post(single, body)
      assert.match(String(answer.headers['x-warder-decision-id']), /^[\w-]+$/)
    }
  })
})

test('while nothing is known there is 503 and no decision', async (t) => {
  const { ask } = await verifierBeside(t, {
    settings: { doors: { ...usualSettings.doors, authzen: gatewayDoor } },
    files: () => ({ 'keys.json': 'no key set' }),
  })
  const answer = await ask(single, {
    headers: { 'CLIENT-TOKEN': 'a.b.c', 'Content-Type': 'application/json' },
    body: JSON.stringify(whole),
  })
  assertError(answer, 503)
  assert.equal(answer.headers['retry-after'], '1')
})
