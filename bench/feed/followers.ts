import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { FromFollowers, ToFollowers } from './followers-child.ts'
import { now } from './light-follower.ts'

/** Light followers, spread over processes. */
export interface Followers {
  /** Resolves to the moment at which the last of them was connected. */
  readonly connected: () => Promise<number>
  /** How long each took to be told of something, from a moment on. */
  readonly heard: (since: number) => Promise<readonly number[]>
  readonly close: () => void
}

const patienceMs = 60_000

/** Starts followers in so many processes. */
export async function startFollowers(
  enrolments: readonly string[],
  processes: number,
): Promise<Followers> {
  const child = join(import.meta.dirname, 'followers-child.ts')
  const children = Array.from({ length: processes }, () => fork(child))
  const size = Math.ceil(enrolments.length / processes)
  await Promise.all(
    children.map((one, at) =>
      askChild(one, {
        kind: 'follow',
        enrolments: enrolments.slice(at * size, (at + 1) * size),
      }),
    ),
  )
  const untilAll = async (order: ToFollowers): Promise<readonly number[]> => {
    const end = now() + patienceMs
    while (now() < end) {
      const times = (await Promise.all(children.map((one) => askChild(one, order)))).flat()
      const there = times.filter((time) => time !== null)
      if (there.length === times.length) return there
      await delay(50)
    }
    throw new Error(`not all followers were told within ${patienceMs / 1000} s`)
  }
  return {
    connected: async () => Math.max(...(await untilAll({ kind: 'connected' }))),
    heard: async (since) => (await untilAll({ kind: 'heard', since })).map((at) => at - since),
    close() {
      for (const one of children) one.disconnect()
    },
  }
}

async function askChild(child: ChildProcess, order: ToFollowers): Promise<FromFollowers> {
  const answered = once(child, 'message') as Promise<[FromFollowers]>
  child.send(order)
  return (await answered)[0]
}
