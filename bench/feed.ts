import { following } from './feed/following.ts'
import { reconnecting } from './feed/reconnecting.ts'
import { revoking } from './feed/revoking.ts'
import { snapshots } from './feed/snapshots.ts'
import type { Row } from './rows.ts'

/** What the feed between authority and verifiers reaches. */
export const feedRows: readonly Row[] = [revoking, following, snapshots, reconnecting]
