import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  audience,
  gatewayClaims,
  issuerKey,
  issuerName,
  keySet,
  signToken,
} from '../verifier/issuer.ts'
import { nginxHook } from '../verifier/running.ts'
import { open } from '../verifier/wire.ts'
import { openMeddler } from './meddler.ts'
import { until } from './program.ts'
import { fault, type World } from './world.ts'

// Clocks jump, and time passes while nobody looks.

const seconds = (value: number) => value * 1000
const minutes = (value: number) => seconds(60 * value)

/** A verifier with a clock that can be set, which follows the authority and trusts an outside issuer too. */
async function timed(world: World) {
  const key = issuerKey('key-1')
  const clock = join(world.folder, 'clock')
  const trust = join(world.folder, 'trust.yaml')
  writeFileSync(join(world.folder, 'keys.json'), keySet(key))
  const entry = `- issuer: ${issuerName}\n    jwks: ${world.folder}/keys.json\n    audience: ${audience}`
  writeFileSync(trust, `trust:\n  ${entry}\n`)
  const env = { FAULTS_CLOCK: clock, WARDER_CONFIG: trust }
  const { node } = await world.verifier('one', { hook: 'wall-clock.ts', env })
  const set = async (wrongBy: number) => {
    writeFileSync(clock, String(wrongBy))
    await delay(100)
  }
  const token = (exp: number) => {
    const environmentId = world.authority.environment()
    const claims = { environmentId, exp: Math.floor((Date.now() + exp) / 1000) }
    return signToken(key, gatewayClaims(claims))
  }
  return { node, set, token }
}

fault(
  'F19: a clock that jumps brings no expired token back and does not stop the feed',
  async (world) => {
    const { node, set, token } = await timed(world)
    const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
    await world.authority.revoke(dead)
    const status = async (presented: string) => (await node.hook(presented)).status
    const [short, long] = [token(seconds(2)), token(minutes(180))]
    assert.deepEqual([await status(short), await status(long)], [200, 200])
    await until('it expires', async () => (await status(short)) === 401)
    const longGone = token(-minutes(2))

    world.promised = false
    for (const [wrongBy, wanted] of [
      [seconds(1), 200],
      [-seconds(1), 200],
      [seconds(5), 200],
      [-seconds(5), 200],
      [minutes(5), 200],
      [-minutes(5), 503],
      [minutes(60.5), 503],
      [-minutes(60), 503],
    ] as const) {
      await set(wrongBy)
      assert.equal(await node.ask(live), wanted, `${wrongBy} ms`)
      // Where it is answered at all, only within the leeway of what clocks may differ.
      assert.notEqual(await status(longGone), 200, `${wrongBy} ms`)
      assert.notEqual(await node.ask(dead), 200)
      if (wrongBy > minutes(180)) assert.notEqual(await status(long), 200)
      // The feed goes on by the other clock: what is revoked meanwhile is known at once.
      const late = await world.authority.issue()
      const { headers } = await world.authority.revoke(late)
      assert.equal(headers['warder-applied'], '1/1', `${wrongBy} ms`)
      await set(0)
      await until('it is right again', async () => (await node.ask(live)) === 200)
      assert.equal(await node.ask(late), 401)
    }
    await set(minutes(200))
    assert.notEqual(await status(long), 200)
    await set(0)
  },
)

fault(
  'F20: what was stopped for a while knows its age before it answers, and catches up at once',
  async (world) => {
    const env = { WARDER_FRESHNESS_STALE_AFTER: '1s', WARDER_FRESHNESS_EXPIRE_AFTER: '3s' }
    const { node } = await world.verifier('one', { env })
    const [live, dead] = [await world.authority.issue(), await world.authority.issue()]
    const lines = await Promise.all(Array.from({ length: 10 }, () => open({ port: node.http })))
    for (const line of lines) {
      line.send(nginxHook(dead.token))
      assert.equal((await line.answers(1)).answers[0]?.status, 200)
    }
    world.promised = false
    node.program().signal('SIGSTOP')
    await world.authority.revoke(dead)
    await delay(4500)
    // These wait in the sockets, and are the first that it sees.
    for (const line of lines) line.send(nginxHook(dead.token))
    node.program().signal('SIGCONT')
    for (const line of lines) {
      const { answers } = await line.answers(1)
      assert.notEqual(answers[0]?.status, 200)
      line.close()
    }
    await until('it caught up', async () => (await node.ask(live)) === 200, 5000)
    assert.equal(await node.ask(dead), 401)
  },
  { env: { WARDER_REVOCATION_WAIT: '0s' } },
)

fault('F20: heartbeats that waited on their way are no news', async (world) => {
  const meddler = await openMeddler(world.authority.port)
  world.after(meddler.close)
  const env = { WARDER_FRESHNESS_STALE_AFTER: '1s', WARDER_FRESHNESS_EXPIRE_AFTER: '3s' }
  const { node } = await world.verifier('one', { authority: meddler.url, env })
  const live = await world.authority.issue()
  assert.equal(await node.ask(live), 200)
  world.promised = false
  // Lines go on coming in time, and each says what was so four seconds ago.
  const heard: { readonly line: string; readonly at: number }[] = []
  const lines = (line: string) => {
    const now = performance.now()
    heard.push({ line, at: now })
    const old = heard.findLast(({ at }) => at < now - 4000) ?? heard[0]
    return old ? [old.line] : []
  }
  meddler.meddling = { lines }
  await until('it expires', async () => (await node.ask(live)) === 503, 10_000)
  await delay(3000)
  assert.equal(await node.metric('warder_feed_connected'), 1)
  assert.equal(await node.ask(live), 503)
  meddler.meddling = {}
  await until('it is back', async () => (await node.ask(live)) === 200, 20_000)
})
