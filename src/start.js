#!/usr/bin/env node
// The one JavaScript file: every Node can read it, so it is where a Node that is too old is told so.
import module from 'node:module'
import { join } from 'node:path'
import process from 'node:process'

const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number)

const atLeast = (wantedMinor, wantedPatch) =>
  minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch)

const supported = major > 26 || (major === 26 && atLeast(5, 1)) || (major === 24 && atLeast(18, 1))

if (supported) {
  // To compile is most of what a short command does. What was compiled is kept beside the code, where nobody can write
  // who cannot write that; where it cannot be kept, it is compiled each time.
  module.enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/node'))
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
} else {
  process.stderr.write(
    `warder needs Node ^24.18.1 or >=26.5.1, this is ${process.versions.node}: ` +
      'install one, or run it through npm, which brings its own\n',
  )
  process.exitCode = 1
}
