import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { temporaryFolder } from '../temporary-folder.ts'
import { program } from './running.ts'

function scriptFor(shell: string): string {
  const { status, stdout } = spawnSync(process.execPath, [program, 'completion', shell], {
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  return stdout
}

function isInstalled(t: TestContext, shell: string): boolean {
  if (spawnSync(shell, ['-c', 'true']).status === 0) return true
  t.skip(`${shell} is not installed`)
  return false
}

test('bash completes commands, their second words and their flags', (t) => {
  if (!isInstalled(t, 'bash')) return
  const script = scriptFor('bash')
  const completed = (...words: readonly string[]) => {
    const array = words.map((word) => `'${word}'`).join(' ')
    const asked = `${script}\nCOMP_WORDS=(${array}) COMP_CWORD=${words.length - 1}\n_warder\nprintf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', asked], { encoding: 'utf8' })
    assert.equal(stderr, '')
    return stdout.trim().split('\n')
  }
  assert.deepEqual(completed('warder', 'cred'), ['credential'])
  assert.deepEqual(completed('warder', 'credential', 'r'), ['revoke', 'rotate'])
  assert.deepEqual(completed('warder', 'credential', 'rotate', 'edge', '--q'), ['--quiet'])
  assert.deepEqual(completed('warder', 'credential', 'rotate', 'edge', '--quiet', '15m', '--wi'), [
    '--within',
  ])
  assert.deepEqual(completed('warder', 'explain', '--fi'), ['--file'])
  assert.deepEqual(completed('warder', 'explain', '-', '--ver'), ['--verifier'])
  assert.ok(completed('warder', 'verifier', '').includes('enrol'))
})

for (const shell of ['zsh', 'fish']) {
  test(`${shell} takes its script`, (t) => {
    if (!isInstalled(t, shell)) return
    const file = join(temporaryFolder(t), 'script')
    writeFileSync(file, scriptFor(shell))
    const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
    assert.deepEqual([status, stderr], [0, ''])
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
