import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { SnapshotFacts } from '../../standing/snapshot-body.ts'
import { SnapshotPack, type BodyFacts, type RevokedPage } from './snapshot-pack.ts'

/** What the thread is told. */
export type ToPacker =
  | { readonly kind: 'add'; readonly page: RevokedPage }
  | { readonly kind: 'finish'; readonly facts: SnapshotFacts }
  | { readonly kind: 'compress'; readonly manifest: string }

/** What it says. */
export type FromPacker =
  | { readonly kind: 'finished'; readonly facts: BodyFacts }
  | { readonly kind: 'compressed'; readonly bytes: Uint8Array<ArrayBuffer> }

/** Makes the body of one snapshot without holding up anything else. */
export interface SnapshotPacker {
  readonly add: (page: RevokedPage) => void
  readonly finish: (facts: SnapshotFacts) => Promise<BodyFacts>
  readonly compress: (manifest: string) => Promise<Uint8Array>
  readonly close: () => Promise<unknown>
}

/** As many ids as are quicker hashed here than handed over. */
const idsHereMax = 5000
const lengthOfId = 37

/** Creates a packer, which has a thread of its own once there is much to do. */
export function createSnapshotPacker(): SnapshotPacker {
  const pages: RevokedPage[] = []
  let waiting = 0
  let thread: PackerThread | undefined
  const here = new SnapshotPack()
  return {
    add(page) {
      waiting += page.ids.length / lengthOfId
      pages.push(page)
      if (waiting <= idsHereMax) return
      thread ??= new PackerThread()
      for (const one of pages.splice(0)) thread.tell({ kind: 'add', page: one })
    },
    async finish(facts) {
      if (thread) return thread.finished(facts)
      for (const page of pages.splice(0)) here.add(page)
      return here.finish(facts)
    },
    compress: async (manifest) => thread?.compressed(manifest) ?? here.compress(manifest),
    close: async () => thread?.close(),
  }
}

class PackerThread {
  readonly #worker: Worker

  constructor() {
    const file = new URL(`./snapshot-worker${extname(import.meta.url)}`, import.meta.url)
    this.#worker = new Worker(file, { name: 'snapshot' })
  }

  tell(message: ToPacker): void {
    this.#worker.postMessage(message)
  }

  async finished(facts: SnapshotFacts): Promise<BodyFacts> {
    const said = await this.#ask({ kind: 'finish', facts })
    if (said.kind !== 'finished') throw new TypeError('the thread said something else')
    return said.facts
  }

  async compressed(manifest: string): Promise<Uint8Array> {
    const said = await this.#ask({ kind: 'compress', manifest })
    if (said.kind !== 'compressed') throw new TypeError('the thread said something else')
    return said.bytes
  }

  close(): Promise<unknown> {
    return this.#worker.terminate()
  }

  /** Rejects with what ends the thread. */
  async #ask(message: ToPacker): Promise<FromPacker> {
    const answer = once(this.#worker, 'message')
    this.tell(message)
    const [said]: FromPacker[] = await answer
    if (!said) throw new TypeError('the thread said nothing')
    return said
  }
}
