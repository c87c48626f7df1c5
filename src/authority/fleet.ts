/** A verifier that follows this authority. */
export interface FleetMember {
  readonly id: string
  readonly name: string
  /** Tells apart the processes that use one enrolment; `undefined` for a verifier in this process. */
  readonly instance: string | undefined
  /** The environments that it is sent; `undefined` for all. */
  readonly environmentIds: readonly string[] | undefined
  readonly version: string | undefined
  /** The revision by which all of its threads judge; `undefined` before the first. */
  readonly revision: number | undefined
  readonly freshness: 'fresh' | 'stale' | 'expired' | undefined
  /** Milliseconds since 1970. */
  readonly lastSeenAt: number | undefined
  /** Whether it may go on judging by what it knows. */
  readonly counts: boolean
}

/** How far a revision has come. */
export interface Applied {
  readonly applied: number
  readonly verifiers: number
  /** The names of those that have not applied it. */
  readonly missing: readonly string[]
  /** When those must have expired by their own rules, in milliseconds since 1970, where that is known. */
  readonly fencedAt: number | undefined
}

/** The verifiers that follow an authority, each with the revision that it has applied. */
export interface Fleet {
  /**
   * Waits until every verifier of an environment (of any, where it is `undefined`) judges by a revision, for so long at
   * most; never rejects.
   */
  readonly applied: (
    revision: number,
    environmentId: string | undefined,
    waitMs: number,
  ) => Promise<Applied>
  readonly list: () => readonly FleetMember[]
}
