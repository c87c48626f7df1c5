import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import type { TestContext } from 'node:test'
import { program, type Place } from '../commands/running.ts'
import { withServers } from '../installed.ts'
import { isSeen, type ShellBlock } from './blocks.ts'

/** Text of the documents with the ports of this run in place of those that it names. */
export type Moving = (text: string) => string

/** Runs blocks one after another in one shell, where Warder serves, and holds what they print to what is said of it. */
export async function runBlocks(
  t: TestContext,
  place: Place,
  blocks: readonly ShellBlock[],
  moved: Moving,
): Promise<void> {
  const serving = await place.serve()
  t.after(() => serving.end('SIGKILL'))
  const script = blocks.map(({ commands }, at) => `echo '@@${at}'\n${commands}`).join('\n')
  const { code, out, err } = await runScript(t, place, moved(script))
  assert.equal(code, 0, `${out}\n${err}`)
  const outputs = out.split(/^@@\d+\n/m).slice(1)
  for (const [at, { seen }] of blocks.entries()) {
    if (seen === undefined) continue
    assert.ok(isSeen(outputs[at] ?? '', seen), `${outputs[at]}\nis not\n${seen}\n${err}`)
  }
}

async function runScript(t: TestContext, place: Place, script: string) {
  const said = { out: join(place.folder, 'stdout'), err: join(place.folder, 'stderr') }
  // Files, since what a shell has left behind would keep a pipe open, and some open /dev/stderr anew.
  const [out, err] = [openSync(said.out, 'a'), openSync(said.err, 'a')]
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: place.folder,
    env: {
      PATH: [clonesCommands(place), withServers.PATH].join(delimiter),
      HOME: place.folder,
      ...place.settings,
    },
    stdio: ['ignore', out, err],
    detached: true,
  })
  closeSync(out)
  closeSync(err)
  t.after(() => endAll(shell))
  await once(shell, 'exit')
  const [outText, errText] = [readFileSync(said.out, 'utf8'), readFileSync(said.err, 'utf8')]
  return { code: shell.exitCode, out: outText, err: errText }
}

/** Ends what a shell has begun and not ended. */
function endAll({ pid = 0 }: ChildProcess): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of it runs any more.
  }
}

/** A folder with what "npx warder" finds in a clone. */
function clonesCommands({ folder }: Place): string {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  writeFileSync(
    join(bin, 'npx'),
    `#!/bin/sh\nshift\nexec '${process.execPath}' '${program}' "$@"\n`,
  )
  chmodSync(join(bin, 'npx'), 0o755)
  return bin
}
