import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { onStopSignal } from '../../src/system/signals.ts'
import { temporaryFolder } from '../temporary-folder.ts'

const module = pathToFileURL(join(import.meta.dirname, '../../src/system/signals.ts')).href

async function listening(
  t: TestContext,
): Promise<{ child: ChildProcess; says: () => Promise<string> }> {
  const script = join(temporaryFolder(t), 'it.ts')
  writeFileSync(
    script,
    `import { onStopSignal } from '${module}'
     onStopSignal((signal) => process.stdout.write(signal))
     setInterval(() => {}, 1000)
     process.stdout.write('ready')`,
  )
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const says = async () => String((await once(child.stdout, 'data'))[0])
  assert.equal(await says(), 'ready')
  return { child, says }
}

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`the first ${signal} is told, the second ends the process with ${code}`, async (t) => {
    const { child, says } = await listening(t)
    child.kill(signal)
    assert.equal(await says(), signal)
    assert.equal(child.exitCode, null)
    child.kill(signal)
    assert.deepEqual(await once(child, 'exit'), [code, null])
  })
}

test('once closed, nothing of it is left on the process', () => {
  const before = process.listenerCount('SIGTERM')
  const signals = onStopSignal(() => assert.fail('no signal was sent'))
  assert.equal(process.listenerCount('SIGTERM'), before + 1)
  signals.close()
  assert.equal(process.listenerCount('SIGTERM'), before)
})
