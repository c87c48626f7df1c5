import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { outputOf } from '../launch.ts'
import type { LoadGenerator, LoadResult } from './load.ts'

const child = join(import.meta.dirname, 'autocannon-child.ts')

/** autocannon, in a process of its own on the load's core. */
export const autocannonLoad: LoadGenerator = {
  name: 'autocannon',
  speaks: 'http',
  available: () => true,
  run: async (load) => {
    const file = join(load.folder, 'autocannon.json')
    writeFileSync(file, JSON.stringify(load))
    const output = await outputOf([process.execPath, child, file], { core: load.core })
    return JSON.parse(output) as LoadResult
  },
}
