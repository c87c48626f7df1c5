// What a verifier builds on: a snapshot, from the authority or from the disk, and the lines since. Nothing of it
// counts before all of it has been checked.

import { createHash } from 'node:crypto'
import type { Step } from '../../standing/change.ts'
import { readFeedLine } from '../../standing/feed-line.ts'
import {
  decodeSnapshot,
  readManifest,
  type LoadableStanding,
  type SnapshotManifest,
} from '../../standing/snapshot-body.ts'
import type { Revision } from '../../standing/standing.ts'
import { readFeedKeys, type FeedKeys } from './feed-keys.ts'
import type { KeptState } from './state-file.ts'

/** Where in the history a verifier is. */
export interface Position {
  readonly epoch: string
  readonly revision: Revision
  readonly chain: string
}

export interface CheckedSnapshot {
  readonly manifest: SnapshotManifest
  readonly standing: LoadableStanding
}

/** Checks a snapshot against its signed manifest. */
export function checkSnapshot(
  keys: Pick<FeedKeys, 'open'>,
  manifestLine: string,
  body: Buffer,
): CheckedSnapshot | undefined {
  const payload = keys.open(manifestLine)
  const manifest = payload && readManifest(payload)
  if (!manifest || body.length !== manifest.bytes) return undefined
  if (createHash('sha256').update(body).digest('base64url') !== manifest.sha256) return undefined
  const standing = decodeSnapshot(manifest, body)
  return standing && { manifest, standing }
}

/** What was kept on disk, once it has all been checked. */
export interface CheckedState extends CheckedSnapshot {
  readonly keys: FeedKeys
  readonly steps: readonly Step[]
  readonly position: Position
}

/** Checks everything that was kept: keys, snapshot, and every line in its chain; the head is at most older. */
export async function checkState(
  kept: KeptState,
  pinned: string,
): Promise<CheckedState | undefined> {
  const keys = await readFeedKeys(kept.keys, pinned)
  const snapshot = keys && checkSnapshot({ open: keys.openKept }, kept.manifest, kept.body)
  if (!keys || !snapshot) return undefined
  const { epoch, revision, chain } = snapshot.manifest
  let position: Position = { epoch, revision, chain }
  const steps: Step[] = []
  for (const line of kept.lines) {
    const payload = keys.openKept(line)
    const read = payload && readFeedLine(payload, position.chain)
    if (read?.kind !== 'step' || !follows(position, read.step)) return undefined
    if (!(await keys.take(line, read.step))) return undefined
    steps.push(read.step)
    position = { epoch, revision: read.step.revision, chain: read.chain }
  }
  const whole = kept.epoch === epoch && kept.revision <= position.revision
  return whole ? { ...snapshot, keys, steps, position } : undefined
}

/** Whether a step is the next one. */
export function follows({ epoch, revision }: Position, step: Step): boolean {
  return step.epoch === epoch && step.previous === revision
}
