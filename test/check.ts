// Everything that can be checked without running anything.

import { runSideBySide } from './side-by-side.ts'

await runSideBySide([
  ['npm', 'run', '-s', 'check:types'],
  ['npm', 'run', '-s', 'check:lint'],
  ['npm', 'run', '-s', 'check:format'],
  ['npm', 'run', '-s', 'check:dead'],
])
