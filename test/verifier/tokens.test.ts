import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isRevision } from '../../src/standing/standing.ts'
import { threadLayout } from '../../src/verifier/thread-metrics.ts'
import { createThreads } from '../../src/verifier/threads.ts'
import { tokenCases, type TokenCase } from '../credential/cases.ts'
import { forge, type Target } from '../credential/forge.ts'
import { now as fixedNow } from '../credential/installation.ts'
import { doorIssuers, target } from '../credential/target.ts'
import { seconds } from './issuer.ts'
import { anyPort, gatewayDoor, nginxHook, sameEachTime, usualSettings } from './running.ts'
import { header, open, type Answer, type Line } from './wire.ts'

// The attacks on tokens again, against a listener with real threads that trusts the installation under attack. At
// `/auth/nginx` the token is presented as a gateway's credential, at `/auth/forward` as the bearer of a client.

const lines = new Map<string, Line>()

const { carrier } = gatewayDoor
const threads = createThreads({
  count: 1,
  settings: {
    ...usualSettings,
    listeners: { http: { at: anyPort, tls: undefined } },
    doors: {
      nginx: gatewayDoor,
      forward: { carrier, require: 'client', environment: undefined },
    },
    bound: {},
    reportsUsage: false,
    freshness: undefined,
  },
  counters: threadLayout.allocate(1),
  onMessage() {},
  onDeath() {},
})
const revision = 1
if (!isRevision(revision)) throw new TypeError('not a revision')
void threads.publish({
  kind: 'whole',
  facts: {
    revision,
    issuers: doorIssuers,
    revokedTables: [],
    accepted: undefined,
    gateways: new Map(),
    environments: new Map(),
    clients: new Map(),
    marks: new Map(),
  },
})
const place = { port: (await threads.start()).http ?? 0 }
after(async () => {
  for (const line of lines.values()) line.close()
  await threads.close()
})

/** The target as of now; the claims that it was made with are shifted to it. */
function targetAt(now: number): Target {
  const shift = (value: unknown) => (typeof value === 'number' ? value - fixedNow + now : value)
  return {
    ...target,
    now,
    honest(kind, signer) {
      const { header: head, payload } = target.honest(kind, signer)
      const times = ['iat', 'exp', 'nbf'].filter((name) => name in payload)
      const shifted = Object.fromEntries(times.map((name) => [name, shift(payload[name])]))
      return { header: head, payload: { ...payload, ...JSON.parse(JSON.stringify(shifted)) } }
    },
  }
}

const asGateway = (token: string) => nginxHook(token)
const asClient = (token: string) =>
  nginxHook(undefined, `Authorization: Bearer ${token}`)
    .replace('/auth/nginx', '/auth/forward')
    .replace('X-Original-URI', 'X-Forwarded-Uri')
    .replaceAll('X-Original', 'X-Forwarded')
    .replace('Forwarded-Scheme', 'Forwarded-Proto')

/** Asks on a connection that is kept as long as it is answered. */
async function present(door: string, hook: string): Promise<Answer | undefined> {
  const kept = lines.get(door)
  const line = kept && kept.socket.writable ? kept : await open(place)
  lines.set(door, line)
  line.send(Buffer.from(hook, 'utf8'))
  const { answers } = await line.answers(1)
  const [answer] = answers
  if (!answer || header(answer, 'connection') === 'close') {
    line.close()
    lines.delete(door)
  }
  return answer
}

/** Tokens at the edge of a second are made at the beginning of one. */
async function forgedNow({ now = 0, ...recipe }: TokenCase): Promise<string> {
  if (JSON.stringify(recipe).includes('${now')) {
    const into = Date.now() % 1000
    if (into > 500) await delay(1000 - into)
  }
  return forge(recipe, targetAt(seconds() - now))
}

const trimmed = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, '')
/** What cannot stand in a header, so that it is no hook at all. */
const unsendable = (text: string) =>
  Array.from(text).some((one) => (one < ' ' && one !== '\t') || one === '\x7f')

describe('a credential that cannot be proved opens no door, and each refusal is the same', () => {
  const refusals = new Map<string, Set<string>>()
  const cases = tokenCases().filter(({ at }) => at !== 'management')

  for (const each of cases) {
    test(`${each.id}: ${each.title}`, async () => {
      const token = await forgedNow(each)
      // Spaces around a header's value are no part of it, and a line end is where it ends.
      if (trimmed(token) !== token || token.includes('\r\n')) return
      const answers = [
        await present('nginx', asGateway(token)),
        await present('forward', asClient(token)),
      ]
      const statuses = answers.map((answer) => answer?.status)
      if (each.want === 'proof') {
        assert.deepEqual(new Set(statuses), new Set([200, 401]))
        return
      }
      for (const [index, answer] of answers.entries()) {
        assert.ok(answer)
        const status = unsendable(token) ? 400 : 401
        assert.equal(answer.status, token.length > 65_000 ? 431 : status)
        if (answer.status !== 401 || token === '') continue
        const door = `${index}`
        refusals.set(door, (refusals.get(door) ?? new Set()).add(sameEachTime(answer)))
      }
    })
  }

  test('every 401 of a door was the same bytes', () => {
    assert.deepEqual(
      [...refusals.values()].map(({ size }) => size),
      [1, 1],
    )
  })
})

test('an administrator’s token opens no door', async () => {
  const administrators = tokenCases().filter(
    ({ at, want }) => at === 'management' && want === 'proof',
  )
  assert.ok(administrators.length > 0)
  for (const each of administrators) {
    const token = await forgedNow(each)
    assert.equal((await present('nginx', asGateway(token)))?.status, 401)
    assert.equal((await present('forward', asClient(token)))?.status, 401)
  }
})
