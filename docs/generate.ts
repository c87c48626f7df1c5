import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commandsPage } from './commands-page.ts'
import { configurationPage } from './configuration-page.ts'
import { openApiPage } from './openapi-page.ts'

// Writes the pages of docs/reference that follow from the source.

const pages = {
  'commands.md': commandsPage,
  'configuration.md': configurationPage,
  'openapi.json': openApiPage,
}

for (const [name, page] of Object.entries(pages)) {
  writeFileSync(join(import.meta.dirname, 'reference', name), page())
}
