import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { makePlace, program, type Place } from '../commands/running.ts'
import { isSeen, shellBlocks, type ShellBlock } from './blocks.ts'

const root = join(import.meta.dirname, '../..')
const guides = readdirSync(join(root, 'docs/guides'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/guides/${name}`)

/** Guides whose commands need a gateway: the suite of gateways holds what they say. */
const aboutGateways = /\/(nginx|caddy|haproxy|traefik|apache|envoy|istio|kong|apisix)[\w-]*\.md$/

const isThere = (name: string) =>
  spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0

/** Runs blocks one after another in one shell, in a folder where Warder serves, and gives what each has printed. */
async function runBlocks(
  t: TestContext,
  place: Place,
  blocks: readonly ShellBlock[],
): Promise<readonly string[]> {
  const serving = await place.serve()
  t.after(() => serving.end('SIGKILL'))
  const bin = join(place.folder, 'bin')
  mkdirSync(bin)
  // What "npx warder" finds in a clone.
  const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${program}' "$@"\n`
  writeFileSync(join(bin, 'npx'), npx)
  chmodSync(join(bin, 'npx'), 0o755)
  const { http, authority, ops } = place.ports
  const script = blocks
    .map(({ commands }, at) => `echo '@@${at}'\n${commands}`)
    .join('\n')
    .replaceAll('127.0.0.1:7070', `127.0.0.1:${http}`)
    .replaceAll('127.0.0.1:7080', `127.0.0.1:${authority}`)
    .replaceAll('127.0.0.1:7090', `127.0.0.1:${ops}`)
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: place.folder,
    env: { PATH: [bin, process.env['PATH']].join(delimiter), ...place.settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  await once(shell, 'close')
  assert.equal(shell.exitCode, 0, `${out}\n${err}`)
  return out.split(/^@@\d+\n/m).slice(1)
}

suite('the commands of the documents', () => {
  for (const page of ['README.md', ...guides.filter((name) => !aboutGateways.test(name))]) {
    test(`${page} does what it says`, async (t) => {
      if (!isThere('bash') || !isThere('curl'))
        return t.skip('bash and curl are not both installed')
      const blocks = shellBlocks(join(root, page)).filter(({ notRun }) => notRun === undefined)
      if (blocks.length === 0) return t.skip('none of its commands can be run here')
      const place = await makePlace()
      t.after(place.close)
      const outputs = await runBlocks(t, place, blocks)
      for (const [at, { seen }] of blocks.entries()) {
        if (seen === undefined) continue
        assert.ok(isSeen(outputs[at] ?? '', seen), `${outputs[at]}\nis not\n${seen}`)
      }
    })
  }
})
