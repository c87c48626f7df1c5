// Whether old credentials are still in use, by what lists of them say one after another: the number of uses grows, or it
// does not. Only the clock of who looks counts, so that clocks of other machines may be wrong.

import { textOf, treesOf, type Tree } from './reading.ts'

/** How quiet it is. */
export interface Quiet {
  /** For how long no old credential was seen to be used. */
  readonly quietForMs: number
  /** Who used an old credential within the time that has to be quiet: `ID from SOURCE`. */
  readonly using: readonly string[]
  /** Whether the new credential has ever been used. */
  readonly newIsUsed: boolean
}

/** Watches the credentials of a gateway while a new one takes over from old ones. */
export interface QuietWatch {
  readonly look: (credentials: readonly Tree[], nowMs: number) => Quiet
}

interface Seen {
  readonly uses: number
  readonly changedAt: number
}

/** Begins to watch at a moment; what was used before may still be in use. */
export function createQuietWatch(newId: string, quietMs: number, startMs: number): QuietWatch {
  const seen = new Map<string, Seen>()
  let lastUseAt = startMs

  const note = (name: string, uses: number, now: number): Seen => {
    const before = seen.get(name)
    if (before && uses <= before.uses) return before
    // What is seen for the first time may have happened long before.
    const next = { uses, changedAt: before || now !== startMs ? now : startMs - quietMs }
    seen.set(name, next)
    return next
  }
  return {
    look(credentials, now) {
      const using: string[] = []
      let newIsUsed = false
      for (const credential of credentials) {
        const id = textOf(credential, 'id')
        const total = note(id, numberOf(credential, 'uses'), now)
        if (id === newId) {
          newIsUsed = total.uses > 0
          continue
        }
        lastUseAt = Math.max(lastUseAt, total.changedAt)
        for (const place of treesOf(credential, 'sources')) {
          const source = textOf(place, 'source')
          const { changedAt } = note(`${id} ${source}`, numberOf(place, 'uses'), now)
          if (now - changedAt < quietMs) using.push(`${id} from ${source}`)
        }
      }
      return { quietForMs: now - lastUseAt, using, newIsUsed }
    },
  }
}

function numberOf(tree: Tree, name: string): number {
  const value = tree[name]
  return typeof value === 'number' ? value : 0
}
