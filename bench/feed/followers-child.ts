// Light followers in a process of their own, which says when they were told when asked.

import process from 'node:process'
import { startLightFollower, type LightFollower } from './light-follower.ts'

/** What the process is told to do. */
export type ToFollowers =
  | { readonly kind: 'follow'; readonly enrolments: readonly string[] }
  /** When all were connected, or not yet. */
  | { readonly kind: 'connected' }
  /** When each was told of something, for the first time since a moment. */
  | { readonly kind: 'heard'; readonly since: number }

/** Times in milliseconds since 1970; `null` where it has not happened. */
export type FromFollowers = readonly (number | null)[]

const followers: LightFollower[] = []

process.on('message', (order: ToFollowers) => {
  if (order.kind === 'follow') followers.push(...order.enrolments.map(startLightFollower))
  const times: FromFollowers = followers.map((follower) => {
    const at = order.kind === 'heard' ? follower.heardAt(order.since) : follower.connectedAt()
    return at ?? null
  })
  process.send?.(times)
})
process.on('disconnect', () => process.exit(0))
