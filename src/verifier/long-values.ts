// What is long in a request is mostly the credential of the gateway, the same in every question: once what has come twice
// in a row at one place seems the same, it is told by comparing bytes, and is the same text each time.

interface Known {
  readonly bytes: Buffer
  readonly text: string
}

/** What is longer is no credential. */
const keptMax = 8192
/** Two requests of one gateway differ in few places; those that share a slot push one another out. */
const slots = 256

const known: (Known | undefined)[] = Array.from({ length: slots })
/** How long the values were that came last, and how they end: so short a text holds on to nothing else. */
const seen: (string | undefined)[] = Array.from({ length: slots })
const endLength = 8

/** A value that is known at a place, and ends its line there. */
export function knownValue(chunk: Buffer, start: number): string | undefined {
  const candidate = known[start % slots]
  if (!candidate) return undefined
  const end = start + candidate.bytes.length
  const isSame =
    chunk[end] === 0x0d &&
    chunk.compare(candidate.bytes, 0, candidate.bytes.length, start, end) === 0
  return isSame ? candidate.text : undefined
}

/** Remembers a value that may be told so the next time. */
export function noteValue(start: number, value: string): void {
  if (value.length > keptMax) return
  const slot = start % slots
  const mark = `${value.length}${value.slice(-endLength)}`
  if (seen[slot] === mark) {
    const bytes = Buffer.from(value, 'latin1')
    known[slot] = { bytes, text: bytes.toString('latin1') }
  }
  seen[slot] = mark
}
