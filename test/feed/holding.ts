import type { TestContext } from 'node:test'
import { revocationId } from '../../src/credential/revocation-id.ts'
import { viewRevoked } from '../../src/standing/revoked-set.ts'
import type { StandingFacts } from '../../src/standing/standing.ts'
import { systemClock } from '../../src/system/clock.ts'
import { FeedRecord, type RecordParts } from '../../src/verifier/feed/record.ts'
import type { StateFile } from '../../src/verifier/feed/state-file.ts'
import { createStandingKeeper } from '../../src/verifier/standing-keeper.ts'

/** What a record is made of beside the usual. */
interface Held extends Pick<RecordParts, 'pinned' | 'snapshot' | 'onDiskFailure'> {
  readonly state: StateFile
  /** Whose revoked ids are asked for. */
  readonly issuer: string
}

/** A record, and what it has put in force; its state is closed with the test. */
export function openRecord(t: TestContext, { issuer, ...parts }: Held) {
  let facts: StandingFacts | undefined
  const publish = async (next: StandingFacts) => {
    facts = next
  }
  t.after(parts.state.close)
  const record = new FeedRecord({
    ...parts,
    keeper: createStandingKeeper({ held: false, wall: Date.now, publish }),
    clock: systemClock,
    expireAfterMs: 1000,
  })
  const holds = (jti: string) =>
    viewRevoked(facts?.revokedTables ?? []).has(revocationId(issuer, jti))
  return { record, holds, facts: () => facts }
}
