/** Who wants to know of new revisions, told each newest one once. */
export interface RevisionNews {
  readonly tell: (revision: number) => void
  readonly listen: (listener: (revision: number) => void) => () => void
}

/** Begins with nobody listening. */
export function createRevisionNews(): RevisionNews {
  const listeners = new Set<(revision: number) => void>()
  let newest = 0
  return {
    tell(revision) {
      if (revision > newest) {
        newest = revision
        listeners.forEach((listener) => listener(revision))
      }
    },
    listen(listener) {
      const own = (revision: number) => listener(revision)
      listeners.add(own)
      return () => listeners.delete(own)
    },
  }
}
