import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
/** Has V8 collect what is young, or all. */
export const collect: (options: { type: 'minor' | 'major' }) => void = runInNewContext('gc')

const count = 20_000
const at = 10

/** What a small collection leaves, in bytes, of each of many things of 800 bytes that come and go, ten at a time. */
export function keptOf(come: (thing: number[], id: number) => () => void): number {
  const leaves: (() => void)[] = []
  const pass = (from: number) => {
    for (let id = from; id < from + count; id++) {
      leaves[id % at]?.()
      leaves[id % at] = come(
        Array.from({ length: 100 }, () => id),
        id,
      )
    }
  }
  pass(0)
  // Makes all that there is old, as it happens every now and then.
  collect({ type: 'major' })
  const before = getHeapStatistics().used_heap_size
  pass(count)
  collect({ type: 'minor' })
  collect({ type: 'minor' })
  return (getHeapStatistics().used_heap_size - before) / count
}
