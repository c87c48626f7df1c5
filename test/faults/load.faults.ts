import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { nginxHook } from '../verifier/running.ts'
import { open } from '../verifier/wire.ts'
import type { Issued } from './authority.ts'
import { until } from './program.ts'
import { percentile, type VerifierNode } from './verifier.ts'
import { fault, keepAsking, type World } from './world.ts'

// Much comes at once, or slowly, and what takes what Warder writes does not.

/** A gateway with one connection, which asks elsewhere once it is told that the connection ends. */
async function gateway(node: VerifierNode, issued: Issued, goesOn: () => boolean) {
  const statuses: (number | undefined)[] = []
  let closing = false
  const hook = nginxHook(issued.token)
  while (goesOn()) {
    const line = await open({ port: node.http })
    do {
      line.send(hook)
      const [answer] = (await line.answers(1)).answers
      statuses.push(answer?.status)
      closing = answer === undefined || /^Connection: close\r$/m.test(answer.text)
      await delay(2)
    } while (goesOn() && !closing)
    line.close()
  }
  return { statuses, closing }
}

/** How long gateways go on after a verifier has said that it ends: less than it waits for them. */
const unawareMs = 400

fault(
  'F33: told to end under load, a verifier says not ready first and answers all it was asked',
  async (world) => {
    const { node } = await world.verifier('one')
    const live = await world.authority.issue()
    let end = Number.POSITIVE_INFINITY
    const goesOn = () => performance.now() < end && !node.closed()
    const gateways = Promise.all(Array.from({ length: 20 }, () => gateway(node, live, goesOn)))
    await delay(500)
    node.program().signal('SIGTERM')
    const signalled = performance.now()
    await until('it says so', async () => (await node.page('/readyz')).status === 503)
    // Who looks after it has not looked yet: their questions still come, on new connections too.
    end = signalled + unawareMs
    for (const { statuses, closing } of await gateways) {
      assert.ok(statuses.length > 5)
      assert.deepEqual(new Set(statuses), new Set([200]))
      assert.ok(closing, 'a connection was left open for a question that would be lost')
    }
    assert.equal(await node.program().end('SIGCONT'), 0)
  },
)

fault(
  'F33: told to end, an authority answers what it was asked, and loses nothing',
  async (world) => {
    const { authority } = world
    let signalled = Number.POSITIVE_INFINITY
    const lane = async (name: string) => {
      for (let made = 0; ; made++) {
        const path = `/v1/environments/${authority.environment()}/gateways`
        const began = performance.now()
        const type = 'LDAP'
        const { status, body } = await authority.call('POST', path, {
          name: `${name} ${made}`,
          type,
        })
        if (status === undefined || status === 503) return { began, status }
        assert.equal(status, 201)
        const id = body['_embedded']?.['credentials']?.[0]?.['id']
        world.history.push({ kind: 'created', credential: String(id) })
      }
    }
    const lanes = Promise.all(Array.from({ length: 12 }, (_, at) => lane(`lane ${at}`)))
    await delay(1000)
    signalled = performance.now()
    assert.equal(await authority.end('SIGTERM'), 0)
    for (const { began, status } of await lanes) {
      // What had come before the signal is under way.
      assert.ok(status === 503 || began > signalled - sentMs, `${signalled - began} ms before`)
    }
    assert.ok(world.history.length > 20)
    await authority.start()
  },
)

/** Within which what is sent has surely come. */
const sentMs = 3

/** A verifier whose judging can be broken. */
async function breakable(world: World) {
  const file = join(world.folder, 'break')
  const { node } = await world.verifier('one', {
    hook: 'broken-judge.ts',
    env: { FAULTS_BREAK: file },
  })
  return { node, break: (how: string) => writeFileSync(file, how) }
}

fault(
  'F34: an error where it is judged is no allow, tells nothing, and ends no process',
  async (world) => {
    const broken = await breakable(world)
    const { node } = broken
    const [known, dead] = [await world.authority.issue(), await world.authority.issue()]
    await world.authority.revoke(dead)
    assert.equal(await node.ask(known), 200)
    world.promised = false
    for (const how of ['throw', 'reject', 'end']) {
      broken.break(how)
      const { pid } = node.program()
      for (let round = 0; round < 5; round++) {
        const fresh = await world.authority.issue()
        const { status, text, headers } = await node.hook(fresh.token)
        if (how === 'throw') assert.equal(status, 503)
        const seen = JSON.stringify(headers) + text
        assert.doesNotMatch(seen, /secret-of-the-inside|Error|at /)
        assert.notEqual(await node.ask(dead), 200)
        await delay(100)
      }
      broken.break('')
      await until(how, async () => (await node.ask(known)) === 200)
      await node.untilReady()
      assert.equal(node.program().pid, pid)
      assert.ok(node.program().running(), node.program().log())
      assert.equal(await node.ask(dead), 401)
    }
    assert.doesNotMatch(node.program().log(), /secret-of-the-inside/)
  },
)

fault(
  'F35: a log that nobody reads and a scraper that hangs delay no decision, and what is lost is counted',
  async (world) => {
    const { node } = await world.verifier('one', {
      start: false,
      env: { WARDER_LOG_LEVEL: 'debug' },
    })
    const program = node.start()
    await node.untilReady()
    const live = await world.authority.issue()
    const quiet = keepAsking([node], [live], 2)
    await delay(1500)
    await quiet.stop()
    const before = percentile(node.took(), 99)
    program.child.stderr?.pause()
    program.child.stdout?.pause()
    const scrapers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const line = await open({ port: node.ops })
        line.socket.pause()
        for (let at = 0; at < 50; at++) line.send('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')
        return line
      }),
    )
    const load = keepAsking([node], [live], 2)
    const refused = { ...live, id: 'nobody', token: `${live.token}x` }
    const end = performance.now() + 4000
    const flood = async () => {
      while (performance.now() < end) await node.hook(refused.token)
    }
    await Promise.all(Array.from({ length: 16 }, flood))
    await load.stop()
    const during = percentile(node.took(), 99)
    assert.ok(during < Math.max(250, before * 20), `${before} ms before, ${during} ms during`)
    for (const scraper of scrapers) scraper.close()
    assert.equal((await node.page('/livez')).status, 200)
    const late = await world.authority.issue()
    assert.equal((await world.authority.revoke(late)).headers['warder-applied'], '1/1')
    assert.equal(await node.ask(late), 401)
    program.child.stderr?.resume()
    program.child.stdout?.resume()
  },
)

fault(
  'F35: uses that an absent authority does not take are bounded and cost nothing',
  async (world) => {
    const { node } = await world.verifier('one')
    const issued = await Promise.all(Array.from({ length: 20 }, () => world.authority.issue()))
    world.authority.program().signal('SIGSTOP')
    const load = keepAsking([node], issued, 1)
    await delay(3000)
    await load.stop()
    world.authority.program().signal('SIGCONT')
    await until(
      'what was used is told',
      async () => {
        const [one] = issued
        const path = `/v1/environments/${world.authority.environment()}/gateways/${one?.gateway}/credentials/${one?.id}`
        return (await world.authority.call('GET', path)).body['lastUsedAt'] !== undefined
      },
      40_000,
    )
  },
)

/** Opens connections that say nothing, or not enough. */
function idle(port: number, count: number, bytes: string): readonly Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.on('connect', () => bytes !== '' && socket.write(bytes))
    return socket
  })
}

fault(
  'F36: idle and slow clients take no place from others, and are sent away in time',
  async (world) => {
    const { node } = await world.verifier('one')
    const live = await world.authority.issue()
    const sockets = [
      ...idle(node.http, 2000, ''),
      ...idle(node.http, 200, 'GET /auth/nginx HTTP/1.1\r\nHost: a\r\nX-Slow: '),
      ...idle(
        node.http,
        200,
        'POST /access/v1/evaluation HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{',
      ),
    ]
    await delay(1500)
    const load = keepAsking([node], [live], 5)
    await delay(1000)
    assert.equal((await node.page('/readyz')).status, 200)
    assert.equal((await node.page('/metrics')).status, 200)
    const slow = sockets.slice(2000, 2200)
    await until(
      'slow heads are cut',
      () =>
        slow.every((socket) => socket.destroyed || socket.readableEnded || socket.bytesRead > 0),
      20_000,
    )
    await load.stop()
    for (const socket of sockets) socket.destroy()
  },
)

fault(
  'F36: with no descriptor left health still answers, and decisions do once there are some',
  async (world) => {
    const through = ['sh', '-c', 'ulimit -n 400; exec "$@"', 'sh']
    const { node } = await world.verifier('one', { through, env: { WARDER_WORKERS: '1' } })
    const live = await world.authority.issue()
    world.promised = false
    const sockets = idle(node.http, 600, '')
    await delay(1500)
    assert.equal((await node.page('/livez')).status, 200)
    assert.equal((await node.page('/readyz')).status, 200)
    // Who was there before goes on, and the feed too.
    const late = await world.authority.issue()
    assert.equal((await world.authority.revoke(late)).headers['warder-applied'], '1/1')
    for (const socket of sockets) socket.destroy()
    await until('it answers', async () => (await node.ask(live)) === 200)
    assert.equal(await node.ask(late), 401)
    assert.ok(node.program().running())
  },
)

fault('F38: whatever is away, an answer comes before any gateway stops waiting', async (world) => {
  const { node, way } = await world.verifier('one')
  const issued = await Promise.all(Array.from({ length: 10 }, () => world.authority.issue()))
  const [live] = issued
  assert.ok(live)
  const flood = (ms: number) => {
    const end = performance.now() + ms
    const forge = async (lane: number) => {
      for (let at = 0; performance.now() < end; at++) {
        const { status } = await node.hook(
          `${live.token.slice(0, -8)}${`${lane}x${at}`.padEnd(8, 'x')}`,
        )
        assert.ok(status === 401 || status === 503, `${status}`)
      }
    }
    return Promise.all(Array.from({ length: 32 }, (_, lane) => forge(lane)))
  }
  const load = keepAsking([node], issued, 5)
  await delay(1000)
  node.took()
  world.authority.program().signal('SIGSTOP')
  await flood(3000)
  way.mode = 'swallow'
  await flood(2000)
  await load.stop()
  const slowest = percentile(node.took(), 99.9)
  // Envoy, with a deadline of its own choice, waits 200 ms; Kong and others wait seconds.
  assert.ok(slowest < 1000, `${slowest} ms`)
  way.mode = 'pass'
  way.cut()
  world.authority.program().signal('SIGCONT')
})
