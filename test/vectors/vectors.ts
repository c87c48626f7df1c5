import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonTestSuite } from './json-test-suite.ts'
import { wycheproofKeys, wycheproofSignatures } from './wycheproof.ts'

// Vectors of others, fetched as Go modules, whose checksums Go verifies. They are not kept here.

const modules = {
  wycheproof: 'github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a',
  /** Carries JSONTestSuite's files as its test data. */
  jx: 'github.com/go-faster/jx@v1.1.0',
}

run(modules.wycheproof, 'testvectors_v1', (folder) => {
  wycheproofSignatures(join(folder, 'json_web_signature_test.json'))
  wycheproofKeys(join(folder, 'json_web_key_test.json'))
})
run(modules.jx, 'testdata/test_parsing', jsonTestSuite)

/** Runs suites on a folder of a module; where it cannot be had this is said, and in CI a failure. */
function run(module: string, path: string, suites: (folder: string) => void): void {
  const { folder, reason } = fetchModule(module)
  if (folder !== undefined && existsSync(join(folder, path))) return suites(join(folder, path))
  const because = `not run: ${reason ?? `the module has no ${path}`}`
  console.log(`${module} ${because}`)
  test(module, { skip: process.env['CI'] === 'true' ? false : because }, () => {
    throw new Error(because)
  })
}

function fetchModule(module: string): { readonly folder?: string; readonly reason?: string } {
  const go = spawnSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' })
  if (go.error) return { reason: 'go is not installed' }
  try {
    const answer: { readonly Dir?: string } = JSON.parse(go.stdout)
    return answer.Dir === undefined ? { reason: 'go cannot fetch it' } : { folder: answer.Dir }
  } catch {
    return { reason: 'go cannot fetch it' }
  }
}
