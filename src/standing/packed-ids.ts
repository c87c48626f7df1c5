import type { RevocationId } from '../credential/revocation-id.ts'

/** The bytes of an id as it travels and is kept: four words, little-endian. */
export const bytesPerId = 16

interface Packed {
  bytes: Buffer
  count: number
}

/** Revoked ids as a snapshot holds them, gathered segment by segment. */
export class PackedIds {
  readonly #segments = new Map<string, Packed>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(segment: string, id: RevocationId): void {
    const packed = this.#segments.get(segment) ?? { bytes: Buffer.alloc(bytesPerId), count: 0 }
    this.#segments.set(segment, packed)
    const at = packed.count * bytesPerId
    if (at === packed.bytes.length) packed.bytes = grown(packed.bytes)
    writeId(packed.bytes, id, at)
    packed.count++
    this.#count++
  }

  /** The segments in the order of their ids in `bytes`. */
  segments(): readonly { readonly name: string; readonly count: number }[] {
    return [...this.#segments].map(([name, { count }]) => ({ name, count }))
  }

  bytes(): Buffer {
    return Buffer.concat(
      [...this.#segments.values()].map(({ bytes, count }) => bytes.subarray(0, count * bytesPerId)),
    )
  }
}

function grown(bytes: Buffer): Buffer {
  const larger = Buffer.alloc(bytes.length * 2)
  bytes.copy(larger)
  return larger
}

function writeId(bytes: Buffer, { w0, w1, w2, w3 }: RevocationId, at: number): void {
  bytes.writeInt32LE(w0, at)
  bytes.writeInt32LE(w1, at + 4)
  bytes.writeInt32LE(w2, at + 8)
  bytes.writeInt32LE(w3, at + 12)
}

/** Reads ids that were packed. */
export function* idsIn(bytes: Buffer): Generator<RevocationId> {
  for (let at = 0; at < bytes.length; at += bytesPerId) {
    yield {
      // Zero marks an empty place in the set; the writer never writes one.
      w0: bytes.readInt32LE(at) || 1,
      w1: bytes.readInt32LE(at + 4),
      w2: bytes.readInt32LE(at + 8),
      w3: bytes.readInt32LE(at + 12),
    }
  }
}
