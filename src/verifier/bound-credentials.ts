// Credentials that stand for gateways that cannot carry one. Each is kept in a file beside the gateway: swapping the
// file is the rotation.

import { doorNames, type DoorName } from '../decision/question.ts'
import { watchFile, type FileWatch, type Reading } from '../system/watch-file.ts'

/** The file of each door that stands for one gateway. */
export type BoundFiles = Partial<Readonly<Record<DoorName, string>>>

export interface BoundCredentialsParts {
  readonly files: BoundFiles
  /** Told of each credential, `undefined` where there is none to present. */
  readonly onToken: (door: DoorName, token: string | undefined) => void
  /** Told what is wrong with a file, `undefined` when it is right again. */
  readonly onSource: (source: string, problem: string | undefined) => void
}

export interface BoundCredentials {
  /** Reads every file once, and follows it from then on. */
  readonly start: () => Promise<void>
  readonly close: () => void
}

const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Makes the followers of all files. */
export function createBoundCredentials(parts: BoundCredentialsParts): BoundCredentials {
  const { files, onToken, onSource } = parts
  const watches: FileWatch[] = []
  const follow = async (door: DoorName, path: string) => {
    const take = (reading: Reading) => {
      const token = tokenOf(reading)
      const problem = token === undefined ? problemOf(reading) : undefined
      onToken(door, token)
      onSource(`bound credential of door ${door}`, problem)
    }
    const watch = await watchFile({ path, onChange: take })
    watches.push(watch)
    take(watch.first)
  }
  return {
    async start() {
      await Promise.all(boundDoors(files).map(async ([door, path]) => follow(door, path)))
    },
    close() {
      for (const watch of watches) watch.close()
    },
  }
}

/** The doors that stand for one gateway, with their files. */
export function boundDoors(files: BoundFiles): readonly (readonly [DoorName, string])[] {
  return doorNames.flatMap((door) => {
    const path = files[door]
    return path === undefined ? [] : [[door, path] as const]
  })
}

function tokenOf(reading: Reading): string | undefined {
  const text = reading.kind === 'content' ? reading.bytes.toString('latin1').trim() : ''
  return compact.test(text) ? text : undefined
}

function problemOf(reading: Reading): string {
  return reading.kind === 'content' ? 'holds no credential' : `cannot be read (${reading.code})`
}
