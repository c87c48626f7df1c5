// As much of the wire format of Protocol Buffers as a reader of a few fields needs:
//
//   message = (tag value)*      tag = varint: field number << 3 | wire type
//   wire types: 0 varint · 1 eight bytes · 2 varint length, then so many bytes · 5 four bytes
//
// Whoever sends more than we know is understood; what is not well formed is refused, never repaired. Stricter than
// the format on purpose: groups (3, 4) are gone from it since its third version, and a field that may come once and
// comes twice would mean one thing to whom takes the first and another to whom takes the last.

/** Reads one field of a message, from `wire.at` to `end`; false when it is not well formed. */
export type FieldReader<Into> = (wire: Wire, end: number, into: Into) => boolean

/** The fields of a message that are looked at. All of them are of wire type 2; the others are skipped. */
export interface MessageForm<Into> {
  readonly byNumber: readonly (FieldReader<Into> | undefined)[]
  /** A bit for each field that may come once. */
  readonly single: number
}

/** A field by its number. */
export interface FieldForm<Into> {
  readonly number: number
  readonly read: FieldReader<Into>
  readonly many?: true
}

/** Describes a message by the fields that are looked at; their numbers are below 31. */
export function messageForm<Into>(...fields: readonly FieldForm<Into>[]): MessageForm<Into> {
  const byNumber: (FieldReader<Into> | undefined)[] = []
  let single = 0
  for (const { number, read, many } of fields) {
    byNumber[number] = read
    if (!many) single |= 1 << number
  }
  return { byNumber: Array.from(byNumber), single }
}

/** Makes the reader of a field that is itself a message. */
export function nested<Into>(form: MessageForm<Into>): FieldReader<Into> {
  return (wire, end, into) => wire.message(form, end, into)
}

const malformed = -1

/** Bytes, and how far they have been read. */
export class Wire {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** Reads a message that goes up to `end`; false when it is not well formed. */
  message<Into>(form: MessageForm<Into>, end: number, into: Into): boolean {
    let seen = 0
    while (this.at < end) {
      const tag = this.varint(end)
      // Field numbers begin at one.
      if (tag < 8) return false
      const number = tag >>> 3
      const read = form.byNumber[number]
      if (!read) {
        if (!this.skip(tag & 7, end)) return false
        continue
      }
      const bit = form.single & (1 << number)
      if ((tag & 7) !== 2 || (seen & bit) !== 0) return false
      seen |= bit
      const fieldEnd = this.fieldEnd(end)
      if (fieldEnd === malformed || !read(this, fieldEnd, into)) return false
      this.at = fieldEnd
    }
    return this.at === end
  }

  /** An unsigned number of at most 32 bits, or a negative one when there is none. */
  varint(end: number): number {
    const { bytes, at } = this
    const first = bytes[at] ?? 0
    if (first < 0x80 && at < end) {
      this.at = at + 1
      return first
    }
    return this.longVarint(end)
  }

  private longVarint(end: number): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= end) return malformed
      const byte = this.bytes[this.at++] ?? 0
      // The fifth byte has room for four bits.
      if (shift === 28 && byte > 0x0f) return malformed
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    return malformed
  }

  /** Passes over a field that is not looked at; false when it does not end where it should. */
  skip(type: number, end: number): boolean {
    switch (type) {
      case 0:
        return this.skipVarint(end)
      case 1:
        this.at += 8
        break
      case 2:
        this.at = this.fieldEnd(end)
        break
      case 5:
        this.at += 4
        break
      default:
        return false
    }
    return this.at !== malformed && this.at <= end
  }

  /** Where the field ends whose length comes next. */
  private fieldEnd(end: number): number {
    const length = this.varint(end)
    return length < 0 || length > end - this.at ? malformed : this.at + length
  }

  private skipVarint(end: number): boolean {
    for (let count = 0; count < 10 && this.at < end; count++) {
      if ((this.bytes[this.at++] ?? 0) < 0x80) return true
    }
    return false
  }
}
