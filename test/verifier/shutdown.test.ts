import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, test, type TestContext } from 'node:test'
import { temporaryFolder } from '../temporary-folder.ts'
import { certify } from './certificates.ts'
import { startProcess, type Started } from './process.ts'
import { nginxHook, until } from './running.ts'
import { ask, open, request } from './wire.ts'

async function startReady(t: TestContext): Promise<Started> {
  const started = await startProcess(temporaryFolder(t))
  t.after(() => started.child.kill('SIGKILL'))
  await until(async () => {
    const answer = await readiness(started)
    return answer === 200
  })
  return started
}

async function readiness({ ops }: Started): Promise<number | undefined> {
  try {
    return (await ask({ port: ops }, request('GET /readyz HTTP/1.1', 'Host: a'))).status
  } catch {
    return undefined
  }
}

/** A gateway with one connection: asks one question after the other, connects anew when told to, until told to stop. */
async function gateway(
  { http }: Started,
  hook: string,
  counts: { sent: number; allowed: number; lost: number },
  goesOn: () => boolean,
) {
  while (goesOn()) {
    const line = await open({ port: http })
    let closing = false
    while (goesOn() && !closing) {
      counts.sent++
      line.send(hook)
      const { answers } = await line.answers(1)
      const [answer] = answers
      if (answer?.status === 200) counts.allowed++
      else counts.lost++
      closing = answer === undefined || /^Connection: close\r$/m.test(answer.text)
      await delay(1)
    }
    line.close()
  }
}

describe('a process', () => {
  test('that is told to end says not ready, answers every question and ends with 0', async (t) => {
    const started = await startReady(t)
    const hook = nginxHook(started.token())
    let stopped = false
    const counts = Array.from({ length: 20 }, () => ({ sent: 0, allowed: 0, lost: 0 }))
    const gateways = counts.map((each) => gateway(started, hook, each, () => !stopped))
    await until(async () => counts.every(({ sent }) => sent > 20))
    const idle = await open({ port: started.http })
    started.child.kill('SIGTERM')
    await until(async () => (await readiness(started)) === 503)
    // A gateway that has heard so asks elsewhere, a moment later.
    await delay(400)
    stopped = true
    await Promise.all(gateways)
    for (const { sent, allowed, lost } of counts) assert.deepEqual([allowed, lost], [sent, 0])
    assert.equal(await started.ended, 0)
    assert.deepEqual((await idle.end()).answers, [])
    idle.close()
    assert.match(started.stderr(), /"signal":"SIGTERM".*"stops"/)
    assert.doesNotMatch(started.stderr(), /eyJ/)
  })

  test('that is told twice ends on the spot', async (t) => {
    const started = await startReady(t)
    started.child.kill('SIGINT')
    await until(async () => (await readiness(started)) === 503)
    started.child.kill('SIGINT')
    assert.equal(await started.ended, 130)
  })

  test('whose certificate cannot be used says so and ends with 1', async (t) => {
    const folder = temporaryFolder(t)
    const { certPem } = certify('a')
    writeFileSync(join(folder, 'cert.pem'), certPem)
    writeFileSync(join(folder, 'key.pem'), 'secret')
    const started = await startProcess(
      folder,
      '    tls:',
      '      cert: ./cert.pem',
      '      key: ./key.pem',
    )
    t.after(() => started.child.kill('SIGKILL'))
    assert.equal(await started.ended, 1)
    assert.match(started.stderr(), /cannot start: \S*key\.pem is not the key of \S*cert\.pem/)
    assert.doesNotMatch(started.stderr(), /secret/)
  })

  test('whose port is taken says which and ends with 1', async (t) => {
    const first = await startReady(t)
    const { child } = first
    const second = spawn(child.spawnfile, [
      ...child.spawnargs.slice(1),
      '--config',
      join(first.folder, 'warder.yaml'),
    ])
    t.after(() => second.kill('SIGKILL'))
    let said = ''
    second.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const [code] = await once(second, 'exit')
    assert.equal(code, 1)
    assert.ok(said.includes(`127.0.0.1:${first.http} is taken`), said)
    const answer = await ask({ port: first.http }, nginxHook(first.token()))
    assert.equal(answer.status, 200)
  })
})
