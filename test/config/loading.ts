import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Role } from '../../src/config/checks.ts'
import { loadConfig, type Loaded } from '../../src/config/load.ts'
import { describeMistake } from '../../src/config/mistake.ts'
import type { Config } from '../../src/config/schema.ts'
import { temporaryFolder } from '../temporary-folder.ts'

/** What a test configures; `file` is the text of `warder.yaml`. */
export interface Given {
  readonly file?: string
  readonly env?: Record<string, string>
  readonly argv?: readonly string[]
  readonly role?: Role
}

/** Loads a configuration from a folder of its own. */
export function load(t: TestContext, { file, env = {}, argv = [], role }: Given = {}): Loaded {
  const cwd = temporaryFolder(t)
  if (file !== undefined) writeFileSync(join(cwd, 'warder.yaml'), file)
  return loadConfig({ argv, env, cwd, readFile: (path) => readFileSync(path, 'utf8'), role })
}

/** Loads a configuration in which nothing may be wrong. */
export function good(t: TestContext, given?: Given): Config {
  const loaded = load(t, given)
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.mistakes.map(describeMistake).join('\n'))
  return loaded.config
}

/** Loads a configuration in which something must be wrong, and tells what is found. */
export function mistakes(t: TestContext, given: Given): readonly string[] {
  const loaded = load(t, given)
  assert.ok(!loaded.ok, 'no mistake was found')
  return loaded.mistakes.map(describeMistake)
}

/** Expects one mistake for each pattern, in any order, and no other. */
export function expectMistakes(t: TestContext, given: Given, patterns: readonly RegExp[]): void {
  const found = mistakes(t, given)
  for (const pattern of patterns) {
    assert.ok(
      found.some((line) => pattern.test(line)),
      `${pattern} not in\n${found.join('\n')}`,
    )
  }
  assert.equal(found.length, patterns.length, found.join('\n'))
}
