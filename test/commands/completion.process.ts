import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, test } from 'node:test'
import { areInstalled } from '../installed.ts'
import { program } from './running.ts'

function scriptFor(shell: string): string {
  const { status, stdout } = spawnSync(process.execPath, [program, 'completion', shell], {
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  return stdout
}

/** How each shell is asked, in a folder, what it would put in the place of the last word of a line. */
const ask: Readonly<Record<string, (script: string, line: string, folder: string) => string>> = {
  bash(script, line, folder) {
    const array = line.split(' ').map((word) => `'${word}'`)
    const asked = `${script}\nCOMP_WORDS=(${array.join(' ')}) COMP_CWORD=${array.length - 1}\n_warder\nprintf '%s\\n' "\${COMPREPLY[@]}"`
    return run('bash', ['-c', asked], folder)
  },
  zsh(script, line, folder) {
    const file = join(folder, '.warder.zsh')
    writeFileSync(file, script)
    const driver = join(import.meta.dirname, 'complete.zsh')
    const said = run('zsh', ['-f', driver, file, join(temporary(), 'offered'), line], folder)
    assert.match(said, /^line: /m, 'zsh has not answered')
    return said.replace(/^line: .*/m, '')
  },
  fish(script, line, folder) {
    const asked = `source (echo $argv[1] | psub); complete -C $argv[2]`
    return run('fish', ['-N', '-c', asked, script, line], folder).replaceAll(/\t.*/g, '')
  },
}

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'warder-completion-'))
  folders.push(folder)
  return folder
}

function run(shell: string, words: readonly string[], cwd: string): string {
  const env = { ...process.env, HOME: cwd, TERM: 'dumb' }
  const { stdout, stderr } = spawnSync(shell, words, { encoding: 'utf8', cwd, env })
  assert.equal(stderr, '')
  return stdout
}

for (const [shell, completions] of Object.entries(ask)) {
  test(`${shell} completes commands, their second words, their flags and files`, (t) => {
    if (!areInstalled(t, [shell])) return
    const script = scriptFor(shell)
    const folder = temporary()
    writeFileSync(join(folder, 'edge.token'), '')
    const completed = (line: string) =>
      completions(script, line, folder).trim().split(/\s+/).toSorted()
    assert.deepEqual(completed('warder cred'), ['credential'])
    assert.deepEqual(completed('warder credential r'), ['revoke', 'rotate'])
    assert.deepEqual(completed('warder credential rotate edge --q'), ['--quiet'])
    assert.deepEqual(completed('warder credential rotate edge --quiet 15m --wi'), ['--within'])
    assert.ok(!completed('warder gateway list ').includes('add'))
    assert.deepEqual(completed('warder explain --fi'), ['--file'])
    assert.deepEqual(completed('warder explain - --ver'), ['--verifier'])
    assert.deepEqual(completed('warder credential list --json --da'), ['--data'])
    assert.ok(completed('warder verifier ').includes('enrol'))
    assert.ok(!completed('warder verifier ').includes('--listen-http'))
    assert.deepEqual(completed('warder verifier --enrolment-f'), ['--enrolment-file'])
    assert.deepEqual(completed('warder completion f'), ['fish'])
    // bash leaves files to itself: where nothing is offered, it offers them.
    const file = shell === 'bash' ? '' : 'edge.token'
    assert.deepEqual(completed('warder credential revoke --file '), [file])
    assert.deepEqual(completed('warder backup '), [file])
  })
}

test('every script knows every command', () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = scriptFor(shell)
    for (const word of ['gateway', 'rotate', 'explain', 'backup', 'restore', 'completion']) {
      assert.ok(script.includes(word), `${shell}: ${word}`)
    }
  }
  const other = spawnSync(process.execPath, [program, 'completion', 'tcsh'], { encoding: 'utf8' })
  assert.deepEqual([other.status, other.stdout], [2, ''])
  assert.match(other.stderr, /SHELL is one of bash, zsh, fish/)
})
