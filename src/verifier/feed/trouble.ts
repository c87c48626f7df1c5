/** What kept a verifier from following, and what to do about it. */
export class FeedTrouble extends Error {
  readonly code: TroubleCode
  /** How long the authority asked to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(code: TroubleCode, retryAfterMs?: number, cause?: unknown) {
    super(code, { cause })
    this.name = 'FeedTrouble'
    this.code = code
    this.retryAfterMs = retryAfterMs
  }
}

export type TroubleCode =
  /** Nothing came, or not in time. */
  | 'unreachable'
  | 'silent'
  | 'ended'
  /** The authority answered, but not with what was asked for. */
  | 'refused'
  | 'busy'
  | 'not-a-feed'
  /** What came is not signed by a key that is trusted, or does not hold together. */
  | 'untrusted'
  | 'damaged'
  | 'too-large'
  /** Older than what is known: somebody replays. */
  | 'older'
  /** Something is missing between what is known and what came: a snapshot is needed. */
  | 'gap'
