// HAProxy's Stream Processing Offload Protocol, version 2.0, as bytes.
//
//   frame    length u32, type u8, flags u32, stream-id varint, frame-id varint, payload      (big endian)
//   varint   HAProxy's own: below 240 one byte; else 240 | 4 bits, then 7 bits at a time while the high bit is set
//   value    type in the low 4 bits of a byte, then the value; strings and binaries with a varint length in front
//
// A reader never throws and never looks past its end: it says that it failed, and stays failed.

/** Types of frames. */
export const frameTypes = {
  haproxyHello: 1,
  haproxyDisconnect: 2,
  notify: 3,
  agentHello: 101,
  agentDisconnect: 102,
  ack: 103,
} as const

/** The flags of a frame that is neither one of several nor given up. */
export const wholeFrame = 1

/** Types of values. */
export const valueTypes = {
  nothing: 0,
  boolean: 1,
  int32: 2,
  uint32: 3,
  int64: 4,
  uint64: 5,
  ipv4: 6,
  ipv6: 7,
  string: 8,
  binary: 9,
} as const

const trueBit = 0x10
const varintBytesMax = 10

/** Reads along a part of a buffer. */
export class SpoeReader {
  readonly bytes: Buffer
  readonly end: number
  at: number
  failed = false
  /** Of the value that was read last: its type, where its bytes stand, and its number or truth. */
  type = 0
  from = 0
  to = 0
  number = 0

  constructor(bytes: Buffer, from: number, to: number) {
    this.bytes = bytes
    this.at = from
    this.end = to
  }

  get done(): boolean {
    return this.failed || this.at >= this.end
  }

  byte(): number {
    if (this.at < this.end) return this.bytes[this.at++] ?? 0
    return this.fail()
  }

  /** Reads a varint; those of 64 bits beyond what a number holds exactly lose their last digits. */
  varint(): number {
    const first = this.byte()
    if (first < 240) return first
    let value = first
    let factor = 16
    for (let count = 1; count < varintBytesMax; count++) {
      const next = this.byte()
      if (this.failed) return 0
      value += next * factor
      if (next < 128) return value
      factor *= 128
    }
    return this.fail()
  }

  /** Reads a length and steps over that many bytes, which then stand from `from` to `to`. */
  run(): void {
    this.step(this.varint())
  }

  /** Reads a value of any type. */
  value(): void {
    const head = this.byte()
    this.type = head & 0x0f
    switch (this.type) {
      case valueTypes.nothing:
        return
      case valueTypes.boolean:
        this.number = head & trueBit ? 1 : 0
        return
      case valueTypes.int32:
      case valueTypes.uint32:
      case valueTypes.int64:
      case valueTypes.uint64:
        this.number = this.varint()
        return
      case valueTypes.ipv4:
        this.step(4)
        return
      case valueTypes.ipv6:
        this.step(16)
        return
      case valueTypes.string:
      case valueTypes.binary:
        this.run()
        return
      default:
        this.fail()
    }
  }

  /** The bytes from `from` to `to`, each as one character. */
  text(): string {
    return this.bytes.toString('latin1', this.from, this.to)
  }

  private step(length: number): void {
    if (this.failed || length > this.end - this.at) {
      this.fail()
      return
    }
    this.from = this.at
    this.to = this.at += length
  }

  private fail(): 0 {
    this.failed = true
    this.from = this.to = this.at = this.end
    return 0
  }
}

/** Writes one piece after another into memory that grows. */
export class SpoeWriter {
  bytes: Buffer
  length = 0

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  uint32(value: number): void {
    this.reserve(4)
    this.length = this.bytes.writeUInt32BE(value, this.length)
  }

  varint(value: number): void {
    this.reserve(varintBytesMax)
    if (value < 240) {
      this.bytes[this.length++] = value
      return
    }
    this.bytes[this.length++] = (value & 0x0f) | 240
    let left = Math.floor((value - 240) / 16)
    while (left >= 128) {
      this.bytes[this.length++] = (left & 0x7f) | 128
      left = Math.floor((left - 128) / 128)
    }
    this.bytes[this.length++] = left
  }

  /** Text without its type, as names are written. */
  name(text: string): void {
    const size = Buffer.byteLength(text)
    this.varint(size)
    this.reserve(size)
    this.length += this.bytes.write(text, this.length)
  }

  string(text: string): void {
    this.byte(valueTypes.string)
    this.name(text)
  }

  boolean(value: boolean): void {
    this.byte(value ? valueTypes.boolean | trueBit : valueTypes.boolean)
  }

  int32(value: number): void {
    this.byte(valueTypes.int32)
    this.varint(value)
  }

  copy(source: Buffer, from: number, to: number): void {
    this.reserve(to - from)
    this.length += source.copy(this.bytes, this.length, from, to)
  }

  clear(): void {
    this.length = 0
  }

  /** What has been written, in memory of its own, and begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, this.length))
    this.clear()
    return taken
  }

  private reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + size))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }
}
