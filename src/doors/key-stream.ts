import { createCipheriv, createDecipheriv } from 'node:crypto'

// AES-256-CTR as one endless stream of key blocks, of which every message takes the next ones. A cipher for each message, and
// bytes that it makes outside the heap, cost several times what the ciphering does; so the stream is made in large pieces.

export const streamBlockBytes = 16
/** In how many bytes the number of a block is told. */
export const blockNumberBytes = 6
const pieceBytes = 65_536

/** Hides messages. */
export interface KeyStream {
  /** Changes bytes into what hides them, and gives the number of the first block that did. */
  readonly hide: (bytes: Buffer) => number
}

/** Makes the stream of a key, which must have no other. Messages are at most as long as a piece. */
export function createKeyStream(key: Buffer): KeyStream {
  const cipher = createCipheriv('aes-256-ctr', key, counterOf(0))
  const zeros = Buffer.alloc(pieceBytes)
  let piece: Buffer = Buffer.alloc(0)
  let used = 0
  let firstBlock = 0
  return {
    hide(bytes) {
      if (bytes.length > pieceBytes) throw new RangeError('a message is longer than a piece')
      if (used + bytes.length > piece.length) {
        firstBlock += piece.length / streamBlockBytes
        piece = cipher.update(zeros)
        used = 0
      }
      const block = firstBlock + used / streamBlockBytes
      for (let at = 0; at < bytes.length; at++)
        bytes[at] = (bytes[at] ?? 0) ^ (piece[used + at] ?? 0)
      used += Math.ceil(bytes.length / streamBlockBytes) * streamBlockBytes
      return block
    },
  }
}

/** The text that was hidden from a block on. */
export function reveal(key: Buffer, block: number, bytes: Buffer): string {
  return createDecipheriv('aes-256-ctr', key, counterOf(block)).update(bytes, undefined, 'utf8')
}

function counterOf(block: number): Buffer {
  const counter = Buffer.alloc(streamBlockBytes)
  counter.writeUIntBE(block, streamBlockBytes - blockNumberBytes, blockNumberBytes)
  return counter
}
