const nothing: Buffer = Buffer.alloc(0)

/**
 * Bytes of which more are to come. The room for them is doubled whenever it is full, so that many small pieces cost no
 * more than a few large ones, in time and in memory.
 */
export class Gathered {
  #bytes: Buffer = nothing
  #length = 0

  get length(): number {
    return this.#length
  }

  /** All that has come, as long as nothing is added. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Adds a copy of a piece: a few bytes must not hold on to all that was read with them. */
  add(piece: Buffer): void {
    const length = this.#length + piece.length
    if (length > this.#bytes.length) {
      const roomy = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#length))
      this.#bytes.copy(roomy, 0, 0, this.#length)
      this.#bytes = roomy
    }
    piece.copy(this.#bytes, this.#length)
    this.#length = length
  }

  clear(): void {
    this.#bytes = nothing
    this.#length = 0
  }
}
