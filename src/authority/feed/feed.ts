// The feed over the network, assembled.

import type { Store } from '../../store/store.ts'
import type { Clock } from '../../system/clock.ts'
import type { Log } from '../../telemetry/log.ts'
import { failure } from '../../telemetry/safe-text.ts'
import type { ClientSecrets } from '../client-secrets.ts'
import type { Roots } from '../roots.ts'
import type { RevokedAlarm } from '../revoked-presented.ts'
import { recordUsage } from '../usage.ts'
import type { Background } from '../background.ts'
import { createAuditWatch } from './audit-watch.ts'
import { createEnrolments } from './enrolments.ts'
import { openFeedBook } from './feed-book.ts'
import { openFeedFleet, type FeedFleet } from './feed-fleet.ts'
import { FeedHub } from './feed-hub.ts'
import { createFeedServer, type FeedServer } from './feed-server.ts'
import { createFeedKeyRotation, type FeedKeyRotation } from './feed-key-rotation.ts'
import { openFeedSigner } from './feed-signer.ts'
import { createFeedSnapshots } from './feed-snapshot.ts'

export interface FeedParts {
  readonly store: Store
  readonly roots: Roots
  readonly epoch: string
  readonly clock: Clock
  readonly log: Log
  readonly secrets: ClientSecrets
  readonly background: Background
  readonly waitMs: number
  readonly onRevokedPresented: RevokedAlarm
}

/** The feed of an authority. */
export interface Feed {
  readonly fleet: FeedFleet
  readonly serve: FeedServer
  readonly drop: (verifierId: string) => void
  readonly keys: Pick<FeedKeyRotation, 'settle'>
  /** What keeps the feed from running, if anything does. */
  readonly trouble: () => string | undefined
  readonly close: () => Promise<void>
}

/** Opens the feed. */
export async function openFeed({
  store,
  roots,
  epoch,
  clock,
  log,
  secrets,
  background,
  waitMs,
  onRevokedPresented,
}: FeedParts): Promise<Feed> {
  const signer = await openFeedSigner(store, roots)
  const book = await openFeedBook(store, signer)
  const fleet = await openFeedFleet(store, clock)
  const keys = createFeedKeyRotation({ store, clock, signer, fleet, waitMs })
  const snapshots = createFeedSnapshots({
    store,
    clock,
    signer,
    newest: () => book.newest().revision,
  })
  const onError = (error: unknown) =>
    log.error('the feed could not be written', { why: failure(error) })
  const enrolments = createEnrolments(store, secrets)
  const hub = new FeedHub({ store, clock, epoch, book, signer, fleet, enrolments, onError })
  const serve = createFeedServer({
    epoch,
    book,
    enrolments,
    keys,
    snapshots,
    hub,
    fleet,
    watchAudit: createAuditWatch({ epoch, store, clock, log, background }),
    onUsage: (verifier, uses) => {
      const told = uses.map((use) =>
        Object.assign({}, use, { source: `${verifier.name} ${use.source}` }),
      )
      recordUsage({ store, clock }, told, verifier.environmentIds).catch(onError)
    },
    onRevokedPresented: (verifier, presented) => void onRevokedPresented(presented, verifier),
  })
  await keys.settle()
  return {
    fleet,
    keys,
    serve,
    drop(id) {
      enrolments.forget(id)
      hub.drop(id)
    },
    trouble: () => hub.trouble(),
    close: () => hub.close(),
  }
}
