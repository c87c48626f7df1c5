// How things are shown: times as text, links absolute, what is not there left out.

/** A time as clients read it. */
export function isoTime(at: number): string {
  return new Date(at).toISOString()
}

/** A time that may not have come. */
export function isoTimeOrAbsent(at: number | null): string | undefined {
  return at === null ? undefined : isoTime(at)
}

/** The links of a thing. */
export function selfLink(href: string) {
  return { self: { href } }
}
