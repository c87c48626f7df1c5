import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { apiPage } from '../../docs/api-page.ts'
import { withFigures } from '../../docs/figures.ts'
import { metricsPage } from '../../docs/metrics-page.ts'
import { reasonTexts } from '../../docs/reason-texts.ts'
import { reasonsPage } from '../../docs/reasons-page.ts'
import { reasons } from '../../src/decision/reasons.ts'

const root = join(import.meta.dirname, '../..')
const read = (page: string) => readFileSync(join(root, page), 'utf8')

for (const [page, made] of [
  ['docs/reference/reasons.md', reasonsPage],
  ['docs/reference/metrics.md', metricsPage],
  ['docs/reference/api.md', apiPage],
] as const) {
  test(`${page} is what "npm run docs" makes of the source`, () => {
    assert.equal(read(page), made())
  })
}

test('the figures in README.md are those of the run that was kept', () => {
  const readme = read('README.md')
  assert.equal(readme, withFigures(readme))
})

test('source, catalogue and page have the same reasons', () => {
  const catalogue = new Set(Object.keys(reasons))
  assert.deepEqual(new Set(Object.keys(reasonTexts)), catalogue)
  const listed = [...read('docs/reference/reasons.md').matchAll(/^\| `([a-z-]+)`/gm)]
  assert.deepEqual(new Set(listed.map(([, reason]) => reason)), catalogue)
  const sources = ['credential', 'standing', 'decision', 'doors', 'verifier'].flatMap((room) =>
    readdirSync(join(root, 'src', room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/reasons|explain/.test(name))
      .map((name) => read(join('src', room, name))),
  )
  const source = sources.join('\n')
  for (const reason of catalogue) {
    assert.ok(source.includes(`'${reason}'`), `nothing in the source gives ${reason}`)
  }
})

const pages = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs', 'bench']
  .flatMap((name) =>
    name.endsWith('.md')
      ? [name]
      : readdirSync(join(root, name), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.md') && !file.startsWith('results'))
          .map((file) => join(name, file)),
  )
  .filter((page) => existsSync(join(root, page)))

test('every link between the documents leads somewhere', () => {
  for (const page of pages) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      assert.ok(existsSync(join(root, dirname(page), target)), `${page}: ${target}`)
    }
  }
})
