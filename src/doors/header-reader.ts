// Headers are read from the raw list: Node's own object shows the first of some headers that come twice and joins
// others, and whatever decides on one of two copies can be made to decide on the wrong one.

/** Stands for a header that came more than once. */
export const doubled: unique symbol = Symbol('doubled')
export type Field = string | undefined | typeof doubled

/** Picks fields out of a raw header list (name, value, name, value …), in one pass. */
export type HeaderReader = (rawHeaders: readonly string[]) => readonly Field[]

/** The headers that make up one field. */
export interface Slot {
  readonly names: readonly string[]
  /** Whether the header may rightly come in several lines, as cookies do; they are then joined. */
  readonly many?: true
}

interface Candidate extends Slot {
  /** As it is usually written, which spares most headers the change of case. */
  readonly usual: string
  readonly name: string
  readonly at: number
}

/** Makes a reader of one field for each slot; two headers of a slot in one request are `doubled`, unless `many`. */
export function createHeaderReader(slots: readonly Slot[]): HeaderReader {
  const byLength: Candidate[][] = []
  for (const [at, slot] of slots.entries()) {
    for (const text of slot.names) {
      const name = text.toLowerCase()
      byLength[name.length] = [...(byLength[name.length] ?? []), { ...slot, usual: text, name, at }]
    }
  }
  const blank: readonly Field[] = slots.map(() => undefined)
  return (rawHeaders) => {
    const fields = blank.slice()
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      const candidates = byLength[name.length]
      const candidate = candidates && find(candidates, name)
      if (!candidate) continue
      const { at, many } = candidate
      fields[at] = joined(fields[at], rawHeaders[index + 1] ?? '', many)
    }
    return fields
  }
}

function find(candidates: readonly Candidate[], name: string): Candidate | undefined {
  for (const candidate of candidates) if (candidate.usual === name) return candidate
  const lower = name.toLowerCase()
  for (const candidate of candidates) if (candidate.name === lower) return candidate
  return undefined
}

function joined(field: Field, value: string, many: true | undefined): Field {
  if (field === undefined) return value
  return many && field !== doubled ? `${field}; ${value}` : doubled
}

/** A field that must be there once, not be empty, and not be a list. */
export function single(field: Field): string | undefined {
  return typeof field === 'string' && field !== '' && !field.includes(',') ? field : undefined
}

/** The last of a list of addresses, the one that the gateway itself saw: each hop adds one at the end. */
export function rightmost(addresses: Field): string | undefined {
  if (typeof addresses !== 'string') return undefined
  return addresses.slice(addresses.lastIndexOf(',') + 1).trim() || undefined
}
