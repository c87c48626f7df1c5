// The thread on which the body of a large snapshot is made.

import { parentPort } from 'node:worker_threads'
import { SnapshotPack } from './snapshot-pack.ts'
import type { FromPacker, ToPacker } from './snapshot-packer.ts'

const main = parentPort
if (!main) throw new TypeError('this file is the inside of a thread')
const say = (message: FromPacker) => main.postMessage(message)
const pack = new SnapshotPack()

main.on('message', (message: ToPacker) => {
  switch (message.kind) {
    case 'add':
      pack.add(message.page)
      break
    case 'finish':
      say({ kind: 'finished', facts: pack.finish(message.facts) })
      break
    case 'compress': {
      const bytes = pack.compress(message.manifest)
      main.postMessage({ kind: 'compressed', bytes } satisfies FromPacker, [bytes.buffer])
    }
  }
})
