import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiPage } from './api-page.ts'
import { commandsPage } from './commands-page.ts'
import { configurationPage } from './configuration-page.ts'
import { withFigures } from './figures.ts'
import { metricsPage } from './metrics-page.ts'
import { openApiPage } from './openapi-page.ts'
import { reasonsPage } from './reasons-page.ts'

// Writes the pages of docs/reference that follow from the source, and the figures in README.md.

const pages = {
  'api.md': apiPage,
  'commands.md': commandsPage,
  'configuration.md': configurationPage,
  'metrics.md': metricsPage,
  'openapi.json': openApiPage,
  'reasons.md': reasonsPage,
}

for (const [name, page] of Object.entries(pages)) {
  writeFileSync(join(import.meta.dirname, 'reference', name), page())
}

const readme = join(import.meta.dirname, '../README.md')
writeFileSync(readme, withFigures(readFileSync(readme, 'utf8')))
