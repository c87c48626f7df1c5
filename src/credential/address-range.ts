// Addresses and ranges of them (CIDR), in one spelling where it matters: four or eight numbers.
//
//   192.0.2.0/24   192.0.2.7   2001:db8::/32   ::1
//
// An IPv4 address inside IPv6 (`::ffff:192.0.2.7`) is the IPv4 address, so that no way of writing one leaves a range.

/** A range of addresses; one address is a range of one. */
export interface AddressRange {
  /** The numbers of its first address: four of 8 bits, or eight of 16. */
  readonly parts: readonly number[]
  /** How many leading bits all of its addresses share. */
  readonly bits: number
}

/** Reads a range; `undefined` for what is none, and for one whose first address has bits that its addresses do not share. */
export function rangeOf(text: string): AddressRange | undefined {
  const [, address = '', length] = /^([0-9A-Fa-f:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const parts = partsOf(address)
  if (!parts) return undefined
  const mapped = parts.length === v4Parts && address.includes(':')
  if (mapped && length !== undefined) return undefined
  const size = widthOf(parts) * parts.length
  const bits = length === undefined ? size : Number(length)
  if (bits > size || (length !== undefined && String(bits) !== length)) return undefined
  return sharesNoBitBeyond(parts, bits) ? { parts, bits } : undefined
}

/** Writes a range so that `rangeOf` reads it again. */
export function printRange({ parts, bits }: AddressRange): string {
  const address =
    parts.length === v4Parts ? parts.join('.') : parts.map((part) => part.toString(16)).join(':')
  return `${address}/${bits}`
}

/** Whether an address is in one of the ranges; what is no address is in none. */
export function isWithin(ranges: readonly AddressRange[], address: string | undefined): boolean {
  const parts = address === undefined || address.length > 45 ? undefined : partsOf(address)
  return parts !== undefined && ranges.some((range) => contains(range, parts))
}

/** Whether every address of one range is in another. */
export function covers(range: AddressRange, other: AddressRange): boolean {
  return range.bits <= other.bits && contains(range, other.parts)
}

const v4Parts = 4
const v6Parts = 8

function widthOf(parts: readonly number[]): number {
  return parts.length === v4Parts ? 8 : 16
}

function contains({ parts, bits }: AddressRange, address: readonly number[]): boolean {
  if (parts.length !== address.length) return false
  const width = widthOf(parts)
  return parts.every((part, at) => {
    const free = width - Math.min(width, Math.max(0, bits - at * width))
    return part >>> free === (address[at] ?? 0) >>> free
  })
}

function sharesNoBitBeyond(parts: readonly number[], bits: number): boolean {
  const width = widthOf(parts)
  return parts.every((part, at) => {
    const shared = Math.min(width, Math.max(0, bits - at * width))
    return (part & ((1 << (width - shared)) - 1)) === 0
  })
}

function partsOf(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return v4Of(text)
  const parts = v6Of(text)
  if (!parts) return undefined
  const mapped = parts[5] === 0xff_ff && parts.slice(0, 5).every((part) => part === 0)
  if (!mapped) return parts
  return parts.slice(6).flatMap((part) => [part >>> 8, part & 0xff])
}

/** Four decimal numbers; a leading zero is refused, since some read it as octal. */
function v4Of(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  const whole = parts.length === v4Parts && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))
  const numbers = parts.map(Number)
  return whole && numbers.every((number) => number <= 0xff) ? numbers : undefined
}

function v6Of(text: string): readonly number[] | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [front, back] = halves.map((half, at) => groupsOf(half, at === halves.length - 1))
  if (!front || (halves.length === 2 && !back)) return undefined
  const given = front.length + (back?.length ?? 0)
  if (halves.length === 1) return given === v6Parts ? front : undefined
  if (given >= v6Parts) return undefined
  return [...front, ...Array.from({ length: v6Parts - given }, () => 0), ...(back ?? [])]
}

/** Groups between colons; the last may be an IPv4 address. */
function groupsOf(half: string, last: boolean): readonly number[] | undefined {
  if (half === '') return []
  const groups: number[] = []
  const texts = half.split(':')
  for (const [at, text] of texts.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(text)) groups.push(Number.parseInt(text, 16))
    else {
      const v4 = last && at === texts.length - 1 ? v4Of(text) : undefined
      if (!v4) return undefined
      const [a = 0, b = 0, c = 0, d = 0] = v4
      groups.push(a * 256 + b, c * 256 + d)
    }
  }
  return groups
}
