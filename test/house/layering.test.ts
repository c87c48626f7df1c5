import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'

// Plants one import per pair of rooms in a copy of the house and asks the linter what it thinks of each.

const allowed: Record<string, readonly string[]> = {
  system: [],
  credential: [],
  store: [],
  telemetry: [],
  config: ['system'],
  policy: ['credential'],
  standing: ['credential', 'policy'],
  decision: ['credential', 'standing', 'policy'],
  doors: ['decision'],
  verifier: [
    'doors',
    'decision',
    'standing',
    'credential',
    'policy',
    'telemetry',
    'system',
    'config',
  ],
  authority: [
    'store',
    'standing',
    'credential',
    'policy',
    'telemetry',
    'system',
    'config',
    'decision',
  ],
  commands: ['verifier', 'authority', 'config', 'telemetry', 'system'],
  console: [],
}
const rooms = Object.keys(allowed)
const pureRooms = new Set(['credential', 'standing', 'policy', 'decision'])
const repository = resolve(import.meta.dirname, '../..')

interface Finding {
  readonly filename: string
  readonly message: string
}

function lint(house: string): readonly Finding[] {
  const binary = join(repository, 'node_modules/.bin/oxlint')
  const args = ['-c', '.oxlintrc.json', '--format', 'json', 'src']
  try {
    execFileSync(binary, args, { cwd: house, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout } = error as { stdout: string }
    return (JSON.parse(stdout) as { diagnostics: readonly Finding[] }).diagnostics
  }
  return []
}

describe('the layering of the house', () => {
  const house = mkdtempSync(join(tmpdir(), 'warder-house-'))
  let refused = new Set<string>()

  before(() => {
    const config = JSON.parse(readFileSync(join(repository, '.oxlintrc.json'), 'utf8')) as {
      options: unknown
    }
    writeFileSync(join(house, '.oxlintrc.json'), JSON.stringify({ ...config, options: {} }))
    symlinkSync(join(repository, 'node_modules'), join(house, 'node_modules'))
    for (const room of rooms) {
      mkdirSync(join(house, 'src', room, 'deep'), { recursive: true })
      writeFileSync(join(house, 'src', room, 'it.ts'), `export const it = '${room}'\n`)
      for (const other of rooms.filter((name) => name !== room)) {
        const use = (up: string) =>
          `import { it } from '${up}/${other}/it.ts'\nexport const x = it\n`
        writeFileSync(join(house, 'src', room, `plain-${other}.ts`), use('..'))
        writeFileSync(join(house, 'src', room, 'deep', `deep-${other}.ts`), use('../..'))
      }
      writeFileSync(
        join(house, 'src', room, 'io.ts'),
        "import { readFileSync } from 'node:fs'\nexport const x = readFileSync\n",
      )
    }
    const findings = lint(house).filter(({ message }) => message.includes('restricted'))
    refused = new Set(findings.map(({ filename }) => filename))
  })
  after(() => rmSync(house, { recursive: true }))

  for (const room of rooms) {
    test(`${room}/ may import ${allowed[room]?.join(', ') || 'nothing of ours'}, and no other room`, () => {
      for (const other of rooms.filter((name) => name !== room)) {
        const wanted = !allowed[room]?.includes(other)
        assert.equal(refused.has(`src/${room}/plain-${other}.ts`), wanted, `${room} → ${other}`)
        assert.equal(refused.has(`src/${room}/deep/deep-${other}.ts`), wanted, `${room} → ${other}`)
      }
    })
  }

  test('a pure room may not read a file', () => {
    for (const room of rooms) {
      assert.equal(refused.has(`src/${room}/io.ts`), pureRooms.has(room), room)
    }
  })
})
