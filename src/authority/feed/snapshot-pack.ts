// Makes the body of a snapshot of what was read from the database: hashes every id, hashes the whole, compresses it.
// For a million ids that takes seconds, which is why a thread of its own does it when there are many.

import { createHash } from 'node:crypto'
import { constants, gzipSync } from 'node:zlib'
import { revocationId } from '../../credential/revocation-id.ts'
import type { EpochSeconds } from '../../credential/time.ts'
import { PackedIds } from '../../standing/packed-ids.ts'
import { segmentOf } from '../../standing/revoked-segments.ts'
import { snapshotHead, type SnapshotFacts } from '../../standing/snapshot-body.ts'

/** Revoked credentials of one issuer and key. */
export interface RevokedPage {
  readonly issuer: string
  readonly kid: string
  /** Their ids, with a comma between them. */
  readonly ids: string
  /** When they expire, in seconds; `undefined` for what does not. */
  readonly exp: EpochSeconds | undefined
}

/** What a manifest has to say of a body. */
export interface BodyFacts {
  readonly revoked: number
  readonly bytes: number
  readonly sha256: string
}

/** A body that is being made. */
export class SnapshotPack {
  readonly #ids = new PackedIds()
  #parts: readonly Buffer[] = []

  add({ issuer, kid, ids, exp }: RevokedPage): void {
    const segment = segmentOf({ issuer, kid, exp })
    for (const jti of ids.split(',')) this.#ids.add(segment, revocationId(issuer, jti))
  }

  finish(facts: SnapshotFacts): BodyFacts {
    this.#parts = [snapshotHead(facts, this.#ids.segments()), this.#ids.bytes()]
    const sum = createHash('sha256')
    for (const part of this.#parts) sum.update(part)
    return {
      revoked: this.#ids.count,
      bytes: this.#parts.reduce((total, { length }) => total + length, 0),
      sha256: sum.digest('base64url'),
    }
  }

  /** The whole as it travels. Hashes do not compress, so that they are only wrapped. */
  compress(manifest: string): Uint8Array<ArrayBuffer> {
    const [head = empty, ids = empty] = this.#parts
    const text = Buffer.concat([Buffer.from(`${manifest}\n`), head])
    const whole = Buffer.concat([
      gzipSync(text, { level: constants.Z_BEST_SPEED }),
      gzipSync(ids, { level: constants.Z_NO_COMPRESSION }),
    ])
    return new Uint8Array(whole)
  }
}

const empty = Buffer.alloc(0)
