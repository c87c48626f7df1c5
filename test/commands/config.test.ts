import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { temporaryFolder } from '../temporary-folder.ts'

const start = join(import.meta.dirname, '../../src/start.js')

interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function warder(cwd: string, words: readonly string[], env: Record<string, string> = {}): Outcome {
  const run = spawnSync(process.execPath, [start, ...words], { cwd, env, encoding: 'utf8' })
  return { code: run.status, out: run.stdout, err: run.stderr }
}

function folderWith(t: TestContext, file: string): string {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'warder.yaml'), file)
  return folder
}

test('"config check" says ok and what was read', (t) => {
  const folder = folderWith(t, 'workers: 2\n')
  const { code, out, err } = warder(folder, ['config', 'check', '--region', 'eu'])
  assert.match(out, /^ok: warder\.yaml, 2 of \d+ settings given\n$/)
  assert.deepEqual([code, err], [0, ''])
})

test('"config check" names every mistake on standard error and ends with 1', (t) => {
  const folder = folderWith(t, 'wrokers: 2\nlog: { level: loud }\n')
  const { code, out, err } = warder(folder, ['config', 'check'], { WARDER_DATAA: 'x' })
  assert.deepEqual([code, out], [1, ''])
  assert.deepEqual(err.split('\n'), [
    'warder.yaml:1:1: there is no key "wrokers"; did you mean workers?',
    'warder.yaml:2:15: log.level: "loud" is not known here; choose from debug, info, warn, error',
    'WARDER_DATAA: there is no such setting; did you mean WARDER_DATA?',
    '',
  ])
})

test('"config check --as" judges for one process', (t) => {
  const folder = temporaryFolder(t)
  assert.equal(warder(folder, ['config', 'check', '--as', 'serve']).code, 0)
  const { code, err } = warder(folder, ['config', 'check', '--as', 'verifier'])
  assert.equal(code, 1)
  assert.match(err, /this verifier would know of no credential/)
})

test('"config show" prints every value with its source, and no secret', (t) => {
  const folder = folderWith(t, 'freshness:\n  staleAfter: 20s\n')
  const env = {
    WARDER_DATABASE: 'postgres://warder:hunter2@db/warder',
    WARDER_ENROLMENT: 'wv1.hunter2',
  }
  const { code, out } = warder(folder, ['config', 'show', '--workers', '3'], env)
  assert.equal(code, 0)
  assert.match(out, /^freshness\.staleAfter +20s {2}\(warder\.yaml:2:15\)$/m)
  assert.match(out, /^freshness\.expireAfter +1h$/m)
  assert.match(out, /^database +postgres:\/\/warder:\*\*\*@db\/warder {2}\(WARDER_DATABASE\)$/m)
  assert.match(out, /^enrolment +\[secret\] {2}\(WARDER_ENROLMENT\)$/m)
  assert.match(out, /^workers +3 {2}\(--workers\)$/m)
  assert.ok(!out.includes('hunter2'))

  const shown = JSON.parse(warder(folder, ['config', 'show', '--json'], env).out) as object
  assert.deepEqual(Object.entries(shown).find(([key]) => key === 'freshness.staleAfter')?.[1], {
    value: '20s',
    source: 'warder.yaml:2:15',
  })
  assert.ok(!JSON.stringify(shown).includes('hunter2'))
})

test('help ends with 0, a mistyped command with 2 and a guess', (t) => {
  const folder = temporaryFolder(t)
  assert.match(warder(folder, ['config', '--help']).out, /config check/)
  assert.match(warder(folder, []).out, /warder config check +say "ok", or name every mistake/)
  const { code, err } = warder(folder, ['confg', 'check'])
  assert.equal(code, 2)
  assert.match(err, /no command "confg", did you mean "config"\?/)
  assert.equal(warder(folder, ['config', 'chekc']).code, 2)
  assert.match(warder(folder, ['fleet', 'x']).err, /no command "fleet x": "warder help" lists all/)
  assert.equal(warder(folder, ['config', 'check', '--as', 'nobody']).code, 2)
  for (const words of [['stray'], ['-w', '2'], ['--workers', '2', 'stray']]) {
    assert.equal(warder(folder, ['config', 'check', ...words]).code, 2, words.join(' '))
  }
})
