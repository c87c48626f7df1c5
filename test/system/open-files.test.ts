import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'

test('the number of files that may be open is the one that the system set', () => {
  const file = join(import.meta.dirname, '../../src/system/open-files.ts')
  const say = `import { openFilesMax } from '${file}'; console.log(openFilesMax())`
  const script = 'ulimit -n 321; exec "$0" --input-type=module -e "$1"'
  const { stdout } = spawnSync('sh', ['-c', script, process.execPath, say], { encoding: 'utf8' })
  assert.equal(stdout, '321\n')
})
